import { columnIndex, fieldOf, present, type Field, type Schema, type Shape } from "@df/core";
import type { JoinWindowOptions } from "./options.ts";

/** How the rows of one input are kept. */
export interface SideLayout {
  readonly input: Schema;
  /** Whether rows without a partner are part of the result. */
  readonly keepsAlone: boolean;
  /** Columns of the input that are compared, in the order of `on`. */
  readonly keyColumns: readonly number[];
  /** Columns of the input that the result shows and that are not compared. */
  readonly heldColumns: readonly number[];
}

/** Where a column of the result comes from: a compared column, or a held one of its side. */
export interface ResultColumn {
  readonly field: Field;
  readonly side: 0 | 1;
  readonly from: "key" | "held";
  /** Index among the compared columns, or among the held columns of the side. */
  readonly index: number;
}

/** How a join keeps its rows, and how its result is made of them. */
export interface JoinLayout {
  /** The compared columns of both sides as the key of one table. */
  readonly key: Schema;
  readonly sides: readonly [SideLayout, SideLayout];
  /** The columns of the result but for the bounds of the window, which come last. */
  readonly result: readonly ResultColumn[];
}

/** The layout for these inputs. @throws DF_NO_COLUMN */
export function layoutOf(options: JoinWindowOptions, inputs: readonly Shape[]): JoinLayout {
  const { on, type } = options;
  const left = sideOf(present(inputs[0], "the left side").schema, {
    keys: on.map((pair) => pair.left),
    shown: Object.values(options.left),
    keepsAlone: type === "left" || type === "full",
  });
  const right = sideOf(present(inputs[1], "the right side").schema, {
    keys: on.map((pair) => pair.right),
    shown: Object.values(options.right),
    keepsAlone: type === "right" || type === "full",
  });
  return {
    key: { fields: on.map((pair, index) => keyField(pair, index, left, right)) },
    sides: [left, right],
    result: [
      ...resultColumns(options.left, { side: 0, layout: left, isMissable: right.keepsAlone }),
      ...resultColumns(options.right, { side: 1, layout: right, isMissable: left.keepsAlone }),
    ],
  };
}

function sideOf(
  input: Schema,
  parts: {
    readonly keys: readonly string[];
    readonly shown: readonly string[];
    readonly keepsAlone: boolean;
  },
): SideLayout {
  const { keys, shown, keepsAlone } = parts;
  const held = [...new Set(shown)].filter((name) => !keys.includes(name));
  return {
    input,
    keepsAlone,
    keyColumns: keys.map((name) => columnIndex(input, name)),
    heldColumns: held.map((name) => columnIndex(input, name)),
  };
}

/** Rows with a null are kept only where rows without a partner are. Names have numbers: a pair may be named twice. */
function keyField(
  { left, right }: { readonly left: string; readonly right: string },
  index: number,
  ...[ofLeft, ofRight]: readonly [SideLayout, SideLayout]
): Field {
  const mine = fieldOf(ofLeft.input, left);
  const theirs = fieldOf(ofRight.input, right);
  const nullable = (ofLeft.keepsAlone && mine.nullable) || (ofRight.keepsAlone && theirs.nullable);
  return { name: `${index}: ${left} = ${right}`, type: mine.type, nullable, optional: false };
}

function resultColumns(
  columns: Readonly<Record<string, string>>,
  of: { readonly side: 0 | 1; readonly layout: SideLayout; readonly isMissable: boolean },
): ResultColumn[] {
  const { keyColumns, heldColumns, input } = of.layout;
  return Object.entries(columns).map(([name, column]) => {
    const index = columnIndex(input, column);
    const { type, nullable } = input.fields[index] as Field;
    const key = keyColumns.indexOf(index);
    return {
      field: { name, type, nullable: nullable || of.isMissable, optional: false },
      side: of.side,
      from: key >= 0 ? "key" : "held",
      index: key >= 0 ? key : heldColumns.indexOf(index),
    };
  });
}
