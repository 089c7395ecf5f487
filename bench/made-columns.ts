/** Columns of rows that are made up: what encoders are measured with. */
import { ColumnBuilder, type Column, type Schema } from "@df/core";

/** When the rows begin, µs. */
export const START_MICROS = 1_700_000_000_000_000;

/** The columns of a shape, and row `i` of it: numbers as the columns hold them. */
export interface Shape {
  readonly schema: Schema;
  readonly row: (i: number, random: number) => readonly (number | string | null)[];
}

/** Rows `first .. end)` of a shape. */
export function madeColumns({ schema, row }: Shape, first: number, end: number): Column[] {
  const builders = schema.fields.map(({ type }) => new ColumnBuilder(type, end - first));
  for (let i = first; i < end; i++) {
    const mixed = Math.imul(i ^ (i >>> 3), 0x9e3779b1);
    for (const [k, cell] of row(i, (mixed ^ (mixed >>> 15)) >>> 0).entries()) {
      if (cell === null) builders[k]?.null();
      else if (typeof cell === "string") builders[k]?.string(cell);
      else builders[k]?.number(cell);
    }
  }
  return builders.map((builder) => builder.take());
}
