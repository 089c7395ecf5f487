import {
  DataflowError,
  pick,
  type ChangeMode,
  type Json,
  type OperatorSpec,
  type Schema,
  type Shape,
} from "@df/core";
import { groupsGoOnOrBrought, groupsMigration } from "../aggregates/bring-groups.ts";
import {
  aggregatesJson,
  checkRetractable,
  columnsRead,
  columnTwice,
  hasConditions,
  resultSchema,
} from "../aggregates/named.ts";
import { columnsOfLate, lateSchema } from "../outputs/late.ts";
import { answeringAll } from "../aggregates/where/conditions.ts";
import { only } from "../stateless/stateless.ts";
import { BOUNDS } from "../windowing/bounds.ts";
import { checkWindowing } from "../windowing/check.ts";
import { openWindow } from "./operator.ts";
import type { WindowOptions } from "./options.ts";

/**
 * Aggregates rows by group and window of event time. Port 0: the group's columns, `windowStart`, `windowEnd` and the
 * aggregates; new rows where each result is given once, else upserts by group and `windowStart`. Port 1: late rows with
 * `lateBy` in milliseconds. Whether a row is late depends on the row and its own clock only.
 * @throws DF_WINDOW for a size, step, offset or lateness that is no whole number of microseconds, and for a step beyond
 * the size, which would leave rows without a window
 */
export function window(options: WindowOptions): OperatorSpec {
  checkWindowing(options.window, options.allowedLatenessMicros);
  const isFinal = givesOnce(options);
  return {
    name: "window",
    version: 1,
    options: optionsJson(options),
    label: isFinal ? "identical" : "convergent",
    stateful: true,
    refuses: hasConditions(options.aggregates),
    accepts: (context) => answeringAll(options.aggregates, context),
    exchanges: [options.by.length === 0 ? "single" : { keyBy: options.by }],
    outputs: (inputs) => outputsOf(options, inputs),
    needs: (wanted, inputs) => [neededOf(options, wanted[1], only(inputs))],
    goesOn: groupsGoOnOrBrought,
    migration: groupsMigration(options.migrate),
    open: (context) => openWindow(options, context),
  };
}

/** Whether a result, once given, never changes. */
function givesOnce({ emit, allowedLatenessMicros }: WindowOptions): boolean {
  return emit === "final" && allowedLatenessMicros === 0;
}

function optionsJson({
  by,
  window: windowing,
  aggregates,
  allowedLatenessMicros,
  emit,
}: WindowOptions): Json {
  return {
    by,
    window: { ...windowing },
    aggregates: aggregatesJson(aggregates),
    allowedLatenessMicros,
    emit,
  };
}

function neededOf(
  { by, aggregates }: WindowOptions,
  late: ReadonlySet<string> | undefined,
  input: Schema,
): ReadonlySet<string> {
  return new Set([...by, ...columnsRead(aggregates, input), ...columnsOfLate(late, input)]);
}

function outputsOf(options: WindowOptions, inputs: readonly Shape[]): readonly Shape[] {
  const input = only(inputs);
  checkInput(options, input);
  const isFinal = givesOnce(options);
  const change: ChangeMode = isFinal ? "append" : "upsert";
  return [
    {
      schema: resultSchema(
        [...pick(input.schema, options.by).fields, ...BOUNDS],
        options.aggregates,
        input.schema,
      ),
      change,
      key: isFinal ? [] : [...options.by, "windowStart"],
      timed: true,
    },
    { schema: lateSchema(input.schema), change: input.change, key: [], timed: false },
  ];
}

function checkInput(
  { aggregates, window: windowing }: WindowOptions,
  { schema, change, timed }: Shape,
): void {
  if (!timed) {
    throw new DataflowError(
      "DF_NO_EVENT_TIME",
      "window() needs event time, and this stream has none. Give its source an eventTime column.",
    );
  }
  if (change === "upsert") {
    throw new DataflowError(
      "DF_NEEDS_CHANGELOG",
      "window() takes no upserts, as it cannot know the row that was replaced. Put .changelog() before it.",
    );
  }
  if (change === "retract") checkRetractable(aggregates);
  for (const { name, spec } of windowing.kind === "sliding" ? aggregates : []) {
    if (spec.mergeable) continue;
    throw new DataflowError(
      "DF_NO_MERGE",
      `The aggregate "${name}" (${spec.name}) cannot join partial results, and sliding windows share theirs. Give it a ` +
        `.merge(), or use tumbling windows.`,
    );
  }
  if (schema.fields.some((field) => field.name === "lateBy")) throw columnTwice("lateBy", "Late rows");
}
