import type { Field } from "@df/core";
import { Cells } from "./cells.ts";
import type { Slot } from "./layout.ts";
import { Scanner } from "./scanner.ts";
import type { WalkPlan } from "./walk-text.ts";
import { WalkState } from "./walk.ts";
import type { Walk } from "./walk.ts";

const NEWLINE = 0x0a;
/** The first round only makes V8 collect feedback. */
const ROUNDS = 3;
/** Lines, each with all values that are usual, and of these one in some with a value that is not. */
const LINES = 96;
const ODD_EVERY = 4;

const DIGITS = "1234567890123456789";
const WHOLE = [
  "0",
  "-7",
  ...Array.from(DIGITS, (_, i) => `${i % 5 === 4 ? "-" : ""}${DIGITS.slice(0, i + 1)}`),
];
const FRACTIONS = WHOLE.slice(0, 9).flatMap((whole, i) => [
  whole,
  `${whole}.${DIGITS.slice(0, 1 + (i % 8))}`,
]);
const STRINGS = Array.from({ length: 24 }, (_, i) => `"${"abcdefghijklmnopqrstuvwx".slice(0, i)}"`);
const WORDS = ["true", "false"];
const ODD = [
  "null",
  '"a\\nb"',
  '"é"',
  '"\u0001"',
  "1e2",
  "1.5",
  "1.",
  "01",
  "-",
  "true",
  "false",
  "nul",
  "[1]",
  "{}",
];

/**
 * Runs the code for a layout over lines that take all its branches, once it is made. V8 compiles what it has seen: code
 * that is compiled before a number was negative, or a line unknown, is thrown away when the first one comes.
 */
export function prime(walk: Walk, plan: WalkPlan): void {
  const scan = new Scanner();
  const cells = plan.wanted.map((field) => new Cells(field));
  const state = new WalkState(scan, cells);
  const bytes = Buffer.concat([...Array.from({ length: LINES }, (_, i) => lineOf(plan, i)), Buffer.alloc(8)]);
  const places = {
    positions: new Float64Array(LINES),
    starts: new Int32Array(LINES),
    ends: new Int32Array(LINES),
  };
  for (let round = 0; round < ROUNDS; round++) {
    for (const column of cells) column.begin(LINES);
    scan.begin(bytes);
    state.begin(bytes, 0, 0);
    state.place(places);
    while (state.at <= state.limit) {
      // A call for a few rows at a time, so that the ways in and out are seen as well.
      state.rowEnd = Math.min(LINES, state.row + 1 + (state.row % 3));
      walk(state);
      if (state.row < state.rowEnd) state.at = bytes.indexOf(NEWLINE, state.at) + 1;
    }
  }
}

function lineOf(plan: WalkPlan, line: number): Buffer {
  const { slots, end } = plan.layout;
  const odd = line % ODD_EVERY === 0 ? (line / ODD_EVERY) % slots.length : -1;
  const parts = slots.flatMap((slot, place) => {
    const values = usual(slot, plan.fields[slot.field]);
    const value =
      place === odd
        ? ODD[Math.floor(line / ODD_EVERY / slots.length) % ODD.length]
        : values[(line * 7 + place) % values.length];
    return [slot.literal, Buffer.from(value ?? "")];
  });
  return Buffer.concat([...parts, end]);
}

/** Values that the column takes, or of the kind that the layout was learned with. */
function usual(slot: Slot, field: Field | undefined): readonly string[] {
  switch (field?.type.kind) {
    case "bool":
      return WORDS;
    case "int32":
    case "int64":
    case "timestamp":
      return WHOLE;
    case "float64":
    case "decimal":
      return FRACTIONS;
    case "string":
      return field.type.values === undefined
        ? STRINGS
        : field.type.values.map((text) => JSON.stringify(text));
    default:
      return { string: STRINGS, number: FRACTIONS, word: WORDS, nested: ["[]"] }[slot.kind];
  }
}
