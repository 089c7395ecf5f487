import {
  checkOneOf,
  columnIndex,
  DataflowError,
  type Migration,
  type OperatorSpec,
  type Schema,
  type Shape,
} from "@df/core";
import { columnsOfLate, lateSchema } from "../outputs/late.ts";
import { keysGoOn } from "../aggregates/goes-on.ts";
import { sameBut } from "../step-parts.ts";
import { orByFunction, otherRows } from "../kept-rows/by-function.ts";
import { keptRowsGoOn } from "../kept-rows/goes-on.ts";
import { openAny } from "./any.ts";
import { openFirst } from "./first.ts";

/** Which rows are copies, and which copy is kept. */
export interface DedupeOptions {
  /** Rows with equal values in these columns are copies of each other; nulls are equal. */
  readonly by: readonly string[];
  /** A copy less than this many µs of event time away from the kept row, before or after it, is dropped. */
  readonly withinMicros: number;
  /**
   * Which copy is kept. `any`: the first to arrive, at once; the result depends on arrival. `first`: the first by event
   * time, of equal times the lowest row in canonical order; rows are held until the clock has passed them, and the
   * result is the same in every run.
   */
  readonly keep: "any" | "first";
  /** A row is late if it comes when the clock is more than this many µs beyond it. Default 0. */
  readonly allowedLatenessMicros?: number | undefined;
  /** Brings rows over that are held with other columns; those in `by` stay as they are. Only for `first`. */
  readonly migrate?: Migration | undefined;
}

/**
 * Drops copies. Port 0: the rows kept; port 1: late rows with `lateBy` in milliseconds, without event time. Distance is
 * measured from the kept row, so a chain of near copies can hold several kept rows.
 * @throws DF_DEDUPE for no columns or a distance that is no whole number of µs; `outputs` throws DF_CHANGE, DF_TIME
 */
export function dedupe(options: DedupeOptions): OperatorSpec {
  checkOptions(options);
  const { by, withinMicros, keep, migrate } = options;
  const allowedLatenessMicros = options.allowedLatenessMicros ?? 0;
  return {
    name: "dedupe",
    version: 1,
    options: { by, withinMicros, keep, allowedLatenessMicros },
    label: keep === "any" ? "arrival" : "identical",
    stateful: true,
    refuses: false,
    exchanges: [{ keyBy: by }],
    outputs: ([input]) => {
      if (input === undefined) throw new DataflowError("DF_DEDUPE", "dedupe takes one stream.");
      checkInput(input, by);
      return [input, { schema: lateSchema(input.schema), change: "append", key: [], timed: false }];
    },
    needs: ([kept, late], [schema]) => [
      // Which of two rows is lower depends on all columns, so the result would depend on which are read.
      keep === "first" ? allNames(schema) : new Set([...(kept ?? []), ...columnsOfLate(late, schema), ...by]),
    ],
    // A kept row leaves its key and time; with "first" whole rows wait.
    goesOn: (before, now) => {
      if (keep === "any") return keysGoOn(by, before, now);
      const goesOn = keptRowsGoOn(by, before, now);
      return goesOn && orByFunction(goesOn);
    },
    migration: migrate && {
      ...migrate,
      refusals: (before, now) => [
        ...(sameBut(before, now, ["inputs"]) ? [] : [OTHER_COPIES]),
        ...otherRows(migrate, before.inputs[0]?.columns ?? []),
      ],
    },
    open: (context) => {
      const opened = { by, withinMicros, allowedLatenessMicros };
      return keep === "any" ? openAny(context, opened) : openFirst(context, opened);
    },
  };
}

const OTHER_COPIES =
  "A function brings over the rows that wait, not which rows are copies: its options stay as they were.";

function allNames(schema: Schema | undefined): Set<string> {
  return new Set((schema?.fields ?? []).map(({ name }) => name));
}

function checkOptions({ by, withinMicros, keep, migrate, allowedLatenessMicros = 0 }: DedupeOptions): void {
  checkOneOf(keep, ["any", "first"], "keep of dedupe()");
  if (migrate !== undefined && keep === "any") {
    throw new DataflowError(
      "DF_DEDUPE",
      'dedupe with keep: "any" keeps no rows that a function could bring over: take migrate out.',
    );
  }
  if (by.length === 0) {
    throw new DataflowError("DF_DEDUPE", "dedupe needs at least one column that tells copies: { by: 'id' }.");
  }
  if (!Number.isSafeInteger(withinMicros) || withinMicros < 1) {
    throw new DataflowError(
      "DF_DEDUPE",
      `dedupe within ${withinMicros} µs is not possible. Write a duration: "24h".`,
    );
  }
  if (!Number.isSafeInteger(allowedLatenessMicros) || allowedLatenessMicros < 0) {
    throw new DataflowError(
      "DF_DEDUPE",
      `An allowed lateness of ${allowedLatenessMicros} µs is not possible.`,
    );
  }
}

function checkInput({ schema, change, timed }: Shape, by: readonly string[]): void {
  for (const name of by) columnIndex(schema, name);
  if (change !== "append") {
    throw new DataflowError(
      "DF_CHANGE",
      `dedupe takes append streams only, this one is ${change}: its rows are told apart by their key already.`,
    );
  }
  if (!timed) {
    throw new DataflowError(
      "DF_TIME",
      `dedupe measures distance in event time, and this stream has none. Name the column at the source: { eventTime: "at" }.`,
    );
  }
  if (schema.fields.some(({ name }) => name === "lateBy")) {
    throw new DataflowError(
      "DF_COLUMN_TWICE",
      `The late rows of dedupe have a column "lateBy", and so has the stream. Rename it with .map().`,
    );
  }
}
