import type { Columns, LiveSource, ReadOf, RowType, WriteOf } from "@df/core";
import { DataflowError, checkOptions } from "@df/core";
import { liveSource } from "../live/live-source.ts";
import { type AnyIterator, Pulled } from "../live/pulled.ts";

/** How the rows of `fromIterable()` and `fromStream()` end. */
export interface IterableOptions {
  /** Whether the last row is the end of the input, which closes windows without --drain. Default: false. */
  readonly bounded?: boolean | undefined;
}

/** What `fromIterable()` reads: arrays, generators, asynchronous ones, and whatever else `for await` takes. */
export type AnyIterable<Row> = Iterable<Row> | AsyncIterable<Row>;

/**
 * Reads rows of an iterable, or of the one that a function makes when the pipeline runs. Each row is read once: a crash
 * loses those since the last checkpoint. The next row is asked for when there is room for it.
 * @throws DF_OPTION for what is no iterable; polls throw DF_SOURCE_FAILED for what the iterable throws
 */
export function fromIterable<const S extends Columns>(
  row: RowType<S>,
  rows: AnyIterable<WriteOf<S>> | (() => AnyIterable<WriteOf<S>>),
  options: IterableOptions = {},
): LiveSource<ReadOf<S>> {
  const what = "fromIterable()";
  checkOptions(options, ["bounded"], what);
  const open = onceOf(what, rows, iteratorOf);
  return liveSource(row, {
    name: "iterable",
    what,
    options: {},
    bounded: options.bounded ?? false,
    open: () => new Pulled(what, open()),
  });
}

/** What was given and has been read, in this process. */
const OPENED = new WeakSet<object>();

/** Opens what a function makes anew, or what was given; that, if it can be read once only, not a second time. */
export function onceOf<Given extends object>(
  what: string,
  given: Given | (() => Given),
  open: (given: Given, what: string) => AnyIterator,
): () => AnyIterator {
  if (typeof given === "function") return () => open(given(), what);
  return () => {
    if (OPENED.has(given) && !isCollection(given)) {
      throw new DataflowError(
        "DF_SOURCE_USED",
        `What was given to ${what} was read by an earlier run of this process, and can be read once only. Give a function that makes a new one: () => …`,
      );
    }
    if (typeof given === "object" && given !== null) OPENED.add(given);
    return open(given, what);
  };
}

/** An array, a set: it makes a new iterator each time. */
function isCollection(given: object): boolean {
  return Symbol.iterator in given && !("next" in given);
}

function iteratorOf(given: object, what: string): AnyIterator {
  if (typeof given === "object" && given !== null) {
    if (Symbol.asyncIterator in given) return (given as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    if (Symbol.iterator in given) return (given as Iterable<unknown>)[Symbol.iterator]();
  }
  throw new DataflowError(
    "DF_OPTION",
    `${what} needs an array, a generator or another iterable of rows, or a function that returns one.`,
  );
}
