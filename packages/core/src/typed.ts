/** Connectors as the author of a pipeline sees them: specs that carry the types of their rows. */
import type { ChangeMode } from "./batch/batch.ts";
import type { SinkSpec, SourceSpec } from "./connector.ts";

declare const SOURCE: unique symbol;
declare const SINK: unique symbol;
declare const DECODER: unique symbol;

/** Where rows come from. "changes" carries updates and deletes. */
export interface TypedSource<out Row, out Kind extends "events" | "changes" = "events"> extends SourceSpec {
  readonly [SOURCE]?: { readonly row: Row; readonly kind: Kind };
}

/**
 * A source that gives each row once: an iterator, a stream, an Observable. A crash loses what it gave since the last
 * checkpoint.
 */
export interface LiveSource<out Row> extends TypedSource<Row> {
  readonly history: "none";
}

/** Where rows go: which columns it wants, and which change modes it takes. Both are checked contravariantly. */
export interface TypedSink<in Row, in Change extends ChangeMode> extends SinkSpec {
  readonly [SINK]?: (row: Row, change: Change) => void;
}

/** The phantom key of a decoder: `json(Order)` is a `Decoder<Order>`. */
export interface Decodes<out Row, out Kind extends "events" | "changes" = "events"> {
  readonly [DECODER]?: { readonly row: Row; readonly kind: Kind };
}
