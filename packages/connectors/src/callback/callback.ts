import {
  type Change,
  type ChangeMode,
  DataflowError,
  type Epoch,
  type PlainRow,
  type TypedSink,
} from "@df/core";

/** Which changes of a sink a callback is told. */
export interface Told {
  /** The delivery: all that the pipeline has made up to this checkpoint. Rises from one delivery to the next. */
  readonly epoch: Epoch;
  /** Number of this part in its delivery, from 0. */
  readonly part: number;
  /** Whether the delivery ends with this part. */
  readonly last: boolean;
}

/** Takes the changes of a delivery, 1 to 4096 at once. What it returns is waited for. */
export type Callback<Row = PlainRow> = (
  changes: readonly Change<Row>[],
  told: Told,
) => void | PromiseLike<void>;

/** A sink that may show a row twice, also by its type. */
export type CallbackSink<Row> = TypedSink<Row, ChangeMode> & { readonly guarantee: "at least once" };

/**
 * Calls a function with the changes of each delivery, in order, part after part. If it throws, the run stops and keeps
 * what it had decided: the next run tells the same delivery again.
 *
 * At least once: a delivery whose last part was told, and not recorded before a crash, is told again, in the same parts
 * with the same changes. Who remembers epoch and part of what it has taken, together with it, takes each once.
 * @throws DF_OPTION when it is given no function
 */
export function callback<Row = PlainRow>(tell: Callback<Row>): CallbackSink<Row> {
  if (typeof tell !== "function") {
    throw new DataflowError("DF_OPTION", `callback() needs a function, not ${typeof tell}.`);
  }
  return {
    connector: "callback",
    options: {},
    code: tell,
    changes: ["append", "upsert", "retract"],
    guarantee: "at least once",
    check: () => {},
  };
}
