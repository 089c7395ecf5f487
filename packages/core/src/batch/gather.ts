import { type Arrays, FRESH_ARRAYS, KeptArrays } from "./arrays.ts";
import type { Batch, Origin } from "./batch.ts";
import { ColumnBuilder } from "./builder.ts";
import { ChosenOrigin } from "./chosen-origin.ts";
import type { Column, Validity } from "./column.ts";

/** The rows `rows[0..count)` of a batch, as a batch of their own. Text is shared, all else is copied. */
export function gatherRows(batch: Batch, rows: Int32Array, count: number): Batch {
  const chosen = gathered(batch, { rows, count, arrays: FRESH_ARRAYS });
  return { ...chosen, origin: chosen.origin && ownPlaces(chosen.origin) };
}

/** Some rows of a column, in the order of `rows`; a row may stand there twice. */
export function gatherColumn(column: Column, rows: Int32Array, count: number): Column {
  return columnOf(column, { rows, count, arrays: FRESH_ARRAYS });
}

/**
 * Gathers rows as `gatherRows` does, into arrays that it keeps: a batch is written over by the call after it, and needs
 * `rows` and the batch that it was made of until then.
 */
export class RowGatherer {
  readonly #arrays: KeptArrays = new KeptArrays();

  gather(batch: Batch, rows: Int32Array, count: number): Batch {
    this.#arrays.begin();
    return gathered(batch, { rows, count, arrays: this.#arrays });
  }
}

/** Which rows, and into what. */
interface Choice {
  readonly rows: Int32Array;
  readonly count: number;
  readonly arrays: Arrays;
}

function gathered(batch: Batch, choice: Choice): Batch {
  const { clocks, diffs, origin, times } = batch;
  const columns = batch.columns.map((column) => columnOf(column, choice));
  // Event time mostly is one of the columns.
  const timed =
    columns[batch.columns.findIndex((column) => column.layout === "double" && column.values === times)];
  return {
    schema: batch.schema,
    length: choice.count,
    columns,
    change: batch.change,
    diffs: diffs && intsOf(diffs, choice),
    times: timed?.layout === "double" ? timed.values : doublesOf(times, choice),
    clocks: typeof clocks === "number" ? clocks : doublesOf(clocks, choice),
    origin: origin && new ChosenOrigin(origin, choice),
  };
}

function columnOf(column: Column, choice: Choice): Column {
  const validity = column.validity && validityOf(column.validity, choice);
  switch (column.layout) {
    case "bool":
      return { layout: "bool", values: bytesOf(column.values, choice), validity };
    case "int":
      return { layout: "int", values: intsOf(column.values, choice), validity };
    case "double":
      return { layout: "double", values: doublesOf(column.values, choice), validity };
    case "long":
      return { layout: "long", values: longsOf(column.values, choice), validity };
    case "text":
      return {
        layout: "text",
        starts: intsOf(column.starts, choice),
        ends: intsOf(column.ends, choice),
        bytes: column.bytes,
        validity,
      };
  }
}

/** Rows of a wide column may all be narrow: the contract of long columns decides by their values. */
function longsOf(values: Float64Array | BigInt64Array, choice: Choice): Float64Array | BigInt64Array {
  if (values instanceof Float64Array) return doublesOf(values, choice);
  const { rows, count } = choice;
  const builder = new ColumnBuilder({ kind: "int64", as: "bigint" }, count);
  for (let i = 0; i < count; i++) builder.bigint(values[rows[i] as number] as bigint);
  const column = builder.take();
  return column.layout === "long" ? column.values : values;
}

/** The same places, in arrays that depend on nothing. */
function ownPlaces({ source, split, positions, raw }: Origin): Origin {
  return { source, split, positions, raw };
}

// One loop for each kind of array: V8 compiles each for its own.

function doublesOf(from: Float64Array, { rows, count, arrays }: Choice): Float64Array {
  const into = arrays.doubles(count);
  for (let i = 0; i < count; i++) into[i] = from[rows[i] as number] as number;
  return into;
}

function intsOf(from: Int32Array, { rows, count, arrays }: Choice): Int32Array {
  const into = arrays.ints(count);
  for (let i = 0; i < count; i++) into[i] = from[rows[i] as number] as number;
  return into;
}

function bytesOf(from: Uint8Array, { rows, count, arrays }: Choice): Uint8Array {
  const into = arrays.bytes(count);
  for (let i = 0; i < count; i++) into[i] = from[rows[i] as number] as number;
  return into;
}

/** None where no value is null: what is gathered mostly has none, for that is what it was chosen by. */
function validityOf(from: Validity, { rows, count, arrays }: Choice): Validity | undefined {
  const into = arrays.bytes(count);
  let all = 1;
  for (let i = 0; i < count; i++) all &= into[i] = from[rows[i] as number] as number;
  return all === 1 ? undefined : into;
}
