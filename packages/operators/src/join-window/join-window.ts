import {
  DataflowError,
  fieldOf,
  present,
  sameType,
  typeName,
  type Field,
  type Json,
  type OperatorSpec,
  type Schema,
  type Shape,
} from "@df/core";
import { columnsOfLate, lateSchema } from "../outputs/late.ts";
import { BOUNDS } from "../windowing/bounds.ts";
import { checkWindowing } from "../windowing/check.ts";
import { joinGoesOn } from "./goes-on.ts";
import { layoutOf } from "./layout.ts";
import { openJoinWindow } from "./operator.ts";
import type { JoinWindowOptions } from "./options.ts";

const SIDES = ["left", "right"] as const;

/**
 * Pairs the rows of two streams that lie in the same window of event time and agree in some columns. Port 0: the
 * columns of the result, then `windowStart` and `windowEnd`; each window once, when no row can change it any more.
 * Ports 1 and 2: late rows of the left and the right side, with `lateBy` in milliseconds. Whether a row is late depends
 * on the row and its own clock only.
 * @throws DF_WINDOW as `window` does, DF_JOIN_ON for a join on no columns, DF_COLUMN_TWICE for two columns of one name.
 * `outputs` throws DF_JOIN_SIDES, DF_NOT_APPEND, DF_NO_EVENT_TIME, DF_NO_COLUMN, DF_JOIN_TYPE and DF_COLUMN_TWICE.
 */
export function joinWindow(options: JoinWindowOptions): OperatorSpec {
  const { on } = options;
  checkWindowing(options.window, options.allowedLatenessMicros);
  if (on.length === 0) {
    throw new DataflowError(
      "DF_JOIN_ON",
      `joinWindow() pairs rows that agree in a column, and none is named. Name one of each side: { on: { id: "seller" } }.`,
    );
  }
  checkNames(options);
  return {
    name: "joinWindow",
    version: 1,
    options: optionsJson(options),
    label: "identical",
    stateful: true,
    refuses: false,
    exchanges: [{ keyBy: on.map(({ left }) => left) }, { keyBy: on.map(({ right }) => right) }],
    outputs: (inputs) => outputsOf(options, inputs),
    needs: (wanted, inputs) =>
      SIDES.map((side, port) => neededOf(options, side, wanted[port + 1], inputs[port])),
    goesOn: joinGoesOn,
    open: (context) => openJoinWindow(options, context),
  };
}

function checkNames({ left, right }: JoinWindowOptions): void {
  const names = new Set<string>();
  for (const name of [...Object.keys(left), ...Object.keys(right), ...BOUNDS.map((field) => field.name)]) {
    if (names.has(name)) throw columnTwice(`joinWindow() would give its result two columns "${name}"`);
    names.add(name);
  }
}

function optionsJson(options: JoinWindowOptions): Json {
  return {
    on: options.on.map(({ left, right }) => [left, right]),
    window: { ...options.window },
    type: options.type,
    left: Object.entries(options.left),
    right: Object.entries(options.right),
    allowedLatenessMicros: options.allowedLatenessMicros,
  };
}

function neededOf(
  options: JoinWindowOptions,
  side: "left" | "right",
  late: ReadonlySet<string> | undefined,
  input: Schema | undefined,
): ReadonlySet<string> {
  const pairs = options.on.map((pair) => pair[side]);
  return new Set([...pairs, ...Object.values(options[side]), ...columnsOfLate(late, input)]);
}

function outputsOf(options: JoinWindowOptions, inputs: readonly Shape[]): readonly Shape[] {
  if (inputs.length !== 2) {
    throw new DataflowError("DF_JOIN_SIDES", `joinWindow() takes two streams, not ${inputs.length}.`);
  }
  for (const [port, side] of SIDES.entries()) checkSide(present(inputs[port], "a side"), side);
  for (const pair of options.on) checkPair(pair, inputs);
  const { result } = layoutOf(options, inputs);
  const fields = [...result.map(({ field }) => field), ...BOUNDS];
  return [
    { schema: { fields }, change: "append", key: [], timed: true },
    ...inputs.map(({ schema }): Shape => {
      return { schema: lateSchema(schema), change: "append", key: [], timed: false };
    }),
  ];
}

function checkSide({ schema, change, timed }: Shape, side: string): void {
  if (change !== "append") {
    throw new DataflowError(
      "DF_NOT_APPEND",
      `joinWindow() pairs events, and the rows of its ${side} side can still change (${change}). Join the events before ` +
        `they are updated, or make the result final.`,
    );
  }
  if (!timed) {
    throw new DataflowError(
      "DF_NO_EVENT_TIME",
      `joinWindow() needs event time, and its ${side} side has none. Give its source an eventTime column.`,
    );
  }
  if (schema.fields.some(({ name }) => name === "lateBy")) {
    throw columnTwice(`joinWindow() would give the late rows of its ${side} side two columns "lateBy"`);
  }
}

function checkPair({ left, right }: JoinWindowOptions["on"][number], inputs: readonly Shape[]): void {
  const [mine, theirs] = [typeOf(inputs[0], left), typeOf(inputs[1], right)];
  if (sameType(mine, theirs)) return;
  throw new DataflowError(
    "DF_JOIN_TYPE",
    `joinWindow() compares "${left}" of its left side, which is ${typeName(mine)}, with "${right}" of its right side, ` +
      `which is ${typeName(theirs)}. Make them equal with .map() or .select() before.`,
  );
}

function typeOf(side: Shape | undefined, column: string): Field["type"] {
  return fieldOf(present(side, "a side").schema, column).type;
}

function columnTwice(sentence: string): DataflowError {
  return new DataflowError("DF_COLUMN_TWICE", `${sentence}. Name one of them otherwise.`);
}
