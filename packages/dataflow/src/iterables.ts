/** Rows of this process as a source: `fromIterable(Row, rows)`, `fromStream(Row, stream)`. Each is read once. */
export { fromIterable } from "@df/connectors/iterables/from-iterable";
export type { AnyIterable, IterableOptions } from "@df/connectors/iterables/from-iterable";
export { fromStream } from "@df/connectors/iterables/from-stream";
export type { RowStream } from "@df/connectors/iterables/from-stream";
