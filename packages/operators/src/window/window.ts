import {
  DataflowError,
  pick,
  type ChangeMode,
  type Field,
  type Json,
  type OperatorSpec,
  type Schema,
  type Shape,
} from "@df/core";
import { lateSchema } from "../outputs/late.ts";
import { openWindow } from "./operator.ts";
import type { WindowOptions } from "./options.ts";

/** A row belongs to at most this many windows. */
const WINDOWS_PER_ROW_MAX = 10_000;

/**
 * Aggregates rows by group and window of event time. Port 0: the group's columns, `windowStart`, `windowEnd` and the
 * aggregates; new rows where each result is given once, else upserts by group and `windowStart`. Port 1: late rows with
 * `lateBy` in milliseconds. Whether a row is late depends on the row and its own clock only.
 * @throws DF_WINDOW for a size, step, offset or lateness that is no whole number of microseconds, and for a step beyond
 * the size, which would leave rows without a window
 */
export function window(options: WindowOptions): OperatorSpec {
  checkOptions(options);
  const isFinal = givesOnce(options);
  return {
    name: "window",
    version: 1,
    options: optionsJson(options),
    label: isFinal ? "identical" : "convergent",
    stateful: true,
    exchanges: [options.by.length === 0 ? "single" : { keyBy: options.by }],
    outputs: (inputs) => outputsOf(options, inputs),
    needs: (wanted, inputs) => [neededOf(options, wanted[1], inputs[0])],
    open: (context) => openWindow(options, context),
  };
}

/** Whether a result, once given, never changes. */
function givesOnce({ emit, allowedLatenessMicros }: WindowOptions): boolean {
  return emit === "final" && allowedLatenessMicros === 0;
}

function checkOptions({ window: windowing, allowedLatenessMicros }: WindowOptions): void {
  const { sizeMicros, offsetMicros } = windowing;
  const everyMicros = windowing.kind === "sliding" ? windowing.everyMicros : sizeMicros;
  const checks: readonly [string, number, number, number][] = [
    ["size", sizeMicros, 1, Number.MAX_SAFE_INTEGER],
    ["step", everyMicros, Math.max(1, Math.ceil(sizeMicros / WINDOWS_PER_ROW_MAX)), sizeMicros],
    ["offset", offsetMicros, Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
    ["allowed lateness", allowedLatenessMicros, 0, Number.MAX_SAFE_INTEGER],
  ];
  for (const [what, value, least, most] of checks) {
    if (Number.isSafeInteger(value) && value >= least && value <= most) continue;
    const range = most === Number.MAX_SAFE_INTEGER ? `${least} on` : `${least} to ${most}`;
    throw new DataflowError(
      "DF_WINDOW",
      `The ${what} of a window is ${value} µs; it is a whole number from ${range}.`,
    );
  }
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
    aggregates: aggregates.map(({ name, spec }) => ({
      name,
      aggregate: spec.name,
      column: spec.column ?? null,
      options: spec.options,
    })),
    allowedLatenessMicros,
    emit,
  };
}

function neededOf(
  { by, aggregates }: WindowOptions,
  late: ReadonlySet<string> | undefined,
  input: Schema | undefined,
): ReadonlySet<string> {
  const needed = new Set(by);
  for (const { spec } of aggregates) if (spec.column !== undefined) needed.add(spec.column);
  for (const field of input?.fields ?? []) if (late?.has(field.name) === true) needed.add(field.name);
  return needed;
}

function outputsOf(options: WindowOptions, inputs: readonly Shape[]): readonly Shape[] {
  const [input] = inputs;
  if (input === undefined)
    throw new DataflowError("DF_BUG", "This is a bug in dataflow: a window without input");
  checkInput(options, input);
  const isFinal = givesOnce(options);
  const change: ChangeMode = isFinal ? "append" : "upsert";
  return [
    {
      schema: resultSchema(options, input.schema),
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
  for (const { name, spec } of change === "retract" ? aggregates : []) {
    if (spec.retractable) continue;
    throw new DataflowError(
      "DF_RETRACTABLE",
      `The aggregate "${name}" (${spec.name}) cannot take rows back, and rows of this stream can be. Use count, sum, ` +
        `avg or an aggregate with .retract(), or a stream that only appends.`,
    );
  }
  for (const { name, spec } of windowing.kind === "sliding" ? aggregates : []) {
    if (spec.mergeable) continue;
    throw new DataflowError(
      "DF_NO_MERGE",
      `The aggregate "${name}" (${spec.name}) cannot join partial results, and sliding windows share theirs. Give it a ` +
        `.merge(), or use tumbling windows.`,
    );
  }
  if (schema.fields.some((field) => field.name === "lateBy")) throw columnTwice("lateBy", "late rows");
}

function resultSchema({ by, aggregates }: WindowOptions, input: Schema): Schema {
  const fields = [
    ...pick(input, by).fields,
    timestampField("windowStart"),
    timestampField("windowEnd"),
    ...aggregates.map(({ name, spec }) => spec.output(input, name)),
  ];
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name)) throw columnTwice(name, "the result");
    names.add(name);
  }
  return { fields };
}

function columnTwice(name: string, where: string): DataflowError {
  return new DataflowError(
    "DF_COLUMN_TWICE",
    `A window would give ${where} two columns "${name}". Name the aggregate or the input's column otherwise.`,
  );
}

function timestampField(name: string): Field {
  return { name, type: { kind: "timestamp", json: "iso" }, nullable: false, optional: false };
}
