/** RxJS: `fromObservable(Row, rows$)` as a source, `toObservable(changes)` of results. */
export { fromObservable } from "@df/connectors/rxjs/from-observable";
export type { ObservableOptions } from "@df/connectors/rxjs/from-observable";
export { toObservable } from "@df/connectors/rxjs/to-observable";
