import { from, isObservable, takeWhile, type Observable } from "rxjs";
import type { Columns, LiveSource, ReadOf, RowType, WriteOf } from "@df/core";
import { DataflowError, checkOptions } from "@df/core";
import { liveSource } from "../live/live-source.ts";
import { type Listener, Pushed } from "../live/pushed.ts";

/** How `fromObservable()` buffers and ends. */
export interface ObservableOptions {
  /** Rows that may wait to be taken; one more ends the run. Default: 65,536. */
  readonly bufferMax?: number | undefined;
  /** Whether its completion is the end of the input, which closes windows without --drain. Default: false. */
  readonly bounded?: boolean | undefined;
}

const BUFFER_MAX = 65_536;

/**
 * Reads rows that an Observable gives while the pipeline runs; it is subscribed to when reading begins. Each row is
 * read once: a crash loses those since the last checkpoint.
 * @throws DF_OPTION for what is no Observable; polls throw DF_BUFFER_FULL, and DF_SOURCE_FAILED for its error
 */
export function fromObservable<const S extends Columns>(
  row: RowType<S>,
  rows: Observable<WriteOf<S>>,
  options: ObservableOptions = {},
): LiveSource<ReadOf<S>> {
  const { bufferMax = BUFFER_MAX, bounded = false } = options;
  const what = "fromObservable()";
  checkOptions(options, ["bufferMax", "bounded"], what);
  if (!isObservable(rows)) {
    throw new DataflowError("DF_OPTION", `${what} needs an Observable of rxjs 7. from(…) of rxjs makes one.`);
  }
  if (!Number.isSafeInteger(bufferMax) || bufferMax < 1) {
    throw new DataflowError("DF_OPTION", `bufferMax of ${what} is ${bufferMax}: give a whole number from 1.`);
  }
  return liveSource(row, {
    name: "observable",
    what,
    options: {},
    bounded,
    open: () => new Pushed({ what, bufferMax, listen: (listener) => listen(rows, listener) }),
  });
}

/** Also an Observable that gives its rows at once and without end is left when the listener wants no more. */
function listen(rows: Observable<unknown>, listener: Listener): () => void {
  const subscription = from(rows)
    .pipe(takeWhile((row) => listener.row(row)))
    .subscribe({
      error: (error: unknown) => listener.failed(error),
      complete: () => listener.ended(),
    });
  return () => subscription.unsubscribe();
}
