import {
  DataflowError,
  pick,
  type Json,
  type GoesOn,
  type OperatorSpec,
  type StepPart,
  type Schema,
  type Shape,
} from "@df/core";
import { groupsGoOn } from "../aggregates/goes-on.ts";
import {
  aggregatesJson,
  columnsRead,
  columnTwice,
  hasConditions,
  resultSchema,
} from "../aggregates/named.ts";
import { columnsOfLate, lateSchema } from "../outputs/late.ts";
import { answeringAll } from "../aggregates/where/conditions.ts";
import { only } from "../stateless/stateless.ts";
import { BOUNDS } from "../windowing/bounds.ts";
import { openSession } from "./operator.ts";
import { givesOnce, type SessionOptions } from "./options.ts";

/**
 * Aggregates the rows of a group by session: rows belong together if a chain of rows joins them, of which neighbours
 * are at most `gapMicros` of event time apart. Port 0: the group's columns, `windowStart` (time of the first row),
 * `windowEnd` (time of the last one and the gap) and the aggregates; new rows where each session is given once, else
 * rows that are taken back when their session changes. Port 1: late rows with `lateBy` in milliseconds.
 * @throws DF_WINDOW for a gap or lateness that is no whole number of microseconds, and for a gap of 0
 */
export function session(options: SessionOptions): OperatorSpec {
  checkMicros("gap", options.gapMicros, 1);
  checkMicros("allowed lateness", options.allowedLatenessMicros, 0);
  return {
    name: "session",
    version: 2,
    options: optionsJson(options),
    label: givesOnce(options) ? "identical" : "convergent",
    stateful: true,
    refuses: hasConditions(options.aggregates),
    accepts: (context) => answeringAll(options.aggregates, context),
    exchanges: [options.by.length === 0 ? "single" : { keyBy: options.by }],
    outputs: (inputs) => outputsOf(options, only(inputs)),
    needs: (wanted, inputs) => [neededOf(options, wanted[1], only(inputs))],
    goesOn: sessionsGoOn,
    open: (context) => openSession(options, context),
  };
}

/** As windows do; another lateness would show anew what is over. */
function sessionsGoOn(before: StepPart, now: StepPart): GoesOn | undefined {
  const latenessOf = ({ options }: StepPart): unknown =>
    (options as unknown as SessionOptions).allowedLatenessMicros;
  return latenessOf(before) === latenessOf(now) ? groupsGoOn(before, now) : undefined;
}

function checkMicros(what: string, value: number, least: number): void {
  if (Number.isSafeInteger(value) && value >= least) return;
  throw new DataflowError(
    "DF_WINDOW",
    `The ${what} of a session is ${value} µs; it is a whole number from ${least} on.`,
  );
}

function optionsJson({ by, gapMicros, aggregates, allowedLatenessMicros, emit }: SessionOptions): Json {
  return { by, gapMicros, aggregates: aggregatesJson(aggregates), allowedLatenessMicros, emit };
}

function neededOf(
  { by, aggregates }: SessionOptions,
  late: ReadonlySet<string> | undefined,
  input: Schema,
): ReadonlySet<string> {
  return new Set([...by, ...columnsRead(aggregates, input), ...columnsOfLate(late, input)]);
}

function outputsOf(options: SessionOptions, input: Shape): readonly Shape[] {
  checkInput(options, input);
  const { by, aggregates } = options;
  const isOnce = givesOnce(options);
  return [
    {
      schema: resultSchema([...pick(input.schema, by).fields, ...BOUNDS], aggregates, input.schema),
      change: isOnce ? "append" : "retract",
      key: isOnce ? [] : [...by, "windowStart"],
      timed: true,
    },
    { schema: lateSchema(input.schema), change: "append", key: [], timed: false },
  ];
}

function checkInput({ aggregates }: SessionOptions, { schema, change, timed }: Shape): void {
  if (!timed) {
    throw new DataflowError(
      "DF_NO_EVENT_TIME",
      "session() needs event time, and this stream has none. Give its source an eventTime column.",
    );
  }
  if (change !== "append") {
    throw new DataflowError(
      "DF_NOT_APPEND",
      `session() takes events, and this stream is ${change}: a row that is taken back could part a session in two. ` +
        `Use it before the step that makes updates, or make the result of that step final.`,
    );
  }
  for (const { name, spec } of aggregates) {
    if (spec.mergeable) continue;
    throw new DataflowError(
      "DF_NO_MERGE",
      `The aggregate "${name}" (${spec.name}) cannot join partial results, and a row between two sessions makes them ` +
        `one. Give it a .merge(), or use tumbling windows.`,
    );
  }
  if (schema.fields.some(({ name }) => name === "lateBy")) throw columnTwice("lateBy", "Late rows");
}
