/** Rows of this process as a source: `fromIterable(Row, rows)`, `fromStream(Row, stream)`. Each is read once. */
export { fromIterable } from "@df/connectors/iterables/from-iterable";
export type { AnyIterable, IterableOptions } from "@df/connectors/iterables/from-iterable";
export { fromStream } from "@df/connectors/iterables/from-stream";
export type { RowStream } from "@df/connectors/iterables/from-stream";
/** A source that gives each row once: an inbox() takes it, and a function of yours may ask for one. */
export type { LiveSource } from "@df/core";
