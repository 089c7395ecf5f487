import { Readable } from "node:stream";
import type { ReadableStream } from "node:stream/web";
import type { Columns, LiveSource, ReadOf, RowType, WriteOf } from "@df/core";
import { DataflowError, checkOptions } from "@df/core";
import { liveSource } from "../live/live-source.ts";
import { type AnyIterator, Pulled } from "../live/pulled.ts";
import { type IterableOptions, onceOf } from "./from-iterable.ts";

/** A stream of objects: one of Node's in object mode, or a web stream. */
export type RowStream<Row> = Readable | ReadableStream<Row>;

/**
 * Reads rows of a stream of objects, or of the one that a function makes when the pipeline runs. Each row is read once:
 * a crash loses those since the last checkpoint. A stream is read as fast as rows are taken, and destroyed or cancelled
 * when the run ends.
 * @throws DF_OPTION for what is no stream; polls throw DF_SOURCE_FAILED for what the stream fails with
 */
export function fromStream<const S extends Columns>(
  row: RowType<S>,
  stream: RowStream<WriteOf<S>> | (() => RowStream<WriteOf<S>>),
  options: IterableOptions = {},
): LiveSource<ReadOf<S>> {
  const what = "fromStream()";
  checkOptions(options, ["bounded"], what);
  const open = onceOf(what, stream, iteratorOf);
  return liveSource(row, {
    name: "stream",
    what,
    options: {},
    bounded: options.bounded ?? false,
    open: () => new Pulled(what, open()),
  });
}

function iteratorOf(stream: RowStream<unknown>, what: string): AnyIterator {
  if (stream instanceof Readable) {
    if (!stream.readableObjectMode) throw bytesRefused(what);
    const iterator = stream[Symbol.asyncIterator]() as AsyncIterator<unknown>;
    return { next: () => iterator.next(), return: async () => (stream.destroy(), DONE) };
  }
  if (typeof stream !== "object" || stream === null || !("getReader" in stream)) {
    throw new DataflowError(
      "DF_OPTION",
      `${what} needs a Readable of node:stream or a web ReadableStream, or a function that returns one.`,
    );
  }
  const reader = stream.getReader();
  return {
    next: async () => {
      const { done, value } = await reader.read();
      return done ? DONE : { done: false, value };
    },
    return: async () => (await reader.cancel(), DONE),
  };
}

const DONE: IteratorResult<unknown> = { done: true, value: undefined };

function bytesRefused(what: string): DataflowError {
  return new DataflowError(
    "DF_OPTION",
    `${what} was given a stream of bytes; rows are objects. Read lines of it: fromIterable(Row, async function* () { for await (const line of createInterface({ input })) yield JSON.parse(line); }).`,
  );
}
