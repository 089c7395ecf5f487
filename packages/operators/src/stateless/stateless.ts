/**
 * What operators that run a lambda over rows have in common: their spec, the columns they read, the rows they refuse.
 */
import {
  columnIndex,
  DataflowError,
  reasonOf,
  type Batch,
  ColumnBuilder,
  type Column,
  type Field,
  type Operator,
  type OperatorContext,
  type OperatorSpec,
  type Schema,
  type Shape,
} from "@df/core";

/** The columns a lambda reads, found from its source; "all" where that is not certain. */
export type ReadColumns = readonly string[] | "all";

/** The parts of a spec in which operators without state agree: one input, its own shard, the same result everywhere. */
export const STATELESS: Pick<OperatorSpec, "version" | "label" | "stateful" | "exchanges"> = {
  version: 1,
  label: "identical",
  stateful: false,
  exchanges: ["forward"],
};

/** The only input of an operator. */
export function only<T>(inputs: readonly T[]): T {
  if (inputs.length !== 1)
    throw new DataflowError("DF_BUG", `This is a bug in dataflow: ${inputs.length} inputs`);
  return inputs[0] as T;
}

/** Indexes of the columns that a lambda reads. @throws DF_NO_COLUMN */
export function indexesOf(schema: Schema, columns: ReadColumns): readonly number[] | "all" {
  return columns === "all" ? "all" : columns.map((name) => columnIndex(schema, name));
}

/** Names of the columns that a lambda reads. */
export function namesOf(schema: Schema, columns: ReadColumns): readonly string[] {
  return columns === "all" ? schema.fields.map((field) => field.name) : columns;
}

/** The spec of an operator that reads some columns of its rows and hands rows on as they are. */
export function passing(
  name: string,
  columns: ReadColumns,
  open: (context: OperatorContext) => Operator,
): OperatorSpec {
  return {
    ...STATELESS,
    name,
    options: { columns },
    outputs: (inputs) => {
      indexesOf(only(inputs).schema, columns);
      return inputs;
    },
    needs: ([wanted], inputs) => [new Set([...(wanted ?? []), ...namesOf(only(inputs), columns)])],
    open,
  };
}

/**
 * Whether a keyed stream can leave as `output`: its key columns are there, with the same types.
 * @throws DF_KEY_LOST, DF_KEY_TYPE
 */
export function checkKey(verb: string, input: Shape, output: Schema): void {
  for (const name of input.key) {
    const from = input.schema.fields[columnIndex(input.schema, name)] as Field;
    const to = output.fields.find((field) => field.name === name);
    if (to === undefined) {
      throw new DataflowError(
        "DF_KEY_LOST",
        `${verb} drops "${name}", which is part of the key of this ${input.change} stream. Add "${name}" to its output.`,
      );
    }
    const same = JSON.stringify(from.type) === JSON.stringify(to.type) && from.nullable === to.nullable;
    if (!same) {
      throw new DataflowError(
        "DF_KEY_TYPE",
        `${verb} declares the key column "${name}" as ${words(to)}, but it is ${words(from)} and is copied as it is. ` +
          `Declare it with the type it has.`,
      );
    }
  }
}

function words({ type, nullable }: Field): string {
  return `${JSON.stringify(type)}${nullable ? " or null" : ""}`;
}

/** How a lambda is run over the rows of a batch. */
export interface RowRun {
  /** Forgets what the rows so far have written: the batch is run again. */
  begin(): void;
  /** Runs the lambda on one row; whatever it throws refuses the row, and must leave nothing of the row behind. */
  row(row: number): void;
}

/**
 * Runs all rows at once; if one throws, all of them again one by one, and refuses those that throw. Returns how many
 * were refused. Nothing is pushed before this returns.
 */
export function runRows(context: OperatorContext, batch: Batch, run: RowRun): number {
  try {
    run.begin();
    for (let row = 0; row < batch.length; row++) run.row(row);
    return 0;
  } catch {
    return runEach(context, batch, run);
  }
}

/** Runs the rows one by one and refuses those that throw. Returns how many were refused. */
export function runEach(context: OperatorContext, batch: Batch, run: RowRun): number {
  let refused = 0;
  run.begin();
  for (let row = 0; row < batch.length; row++) {
    try {
      run.row(row);
    } catch (thrown) {
      context.reject(batch, row, reasonOf(thrown), thrown);
      refused++;
    }
  }
  return refused;
}

/** The column with the rows of `isDeleted` (1 a row) made null. */
export function withNulls(column: Column, isDeleted: Uint8Array, length: number): Column {
  if (column.layout === "long" && column.values instanceof BigInt64Array)
    return rebuilt(column, isDeleted, length);
  const validity = column.validity?.slice(0, length) ?? new Uint8Array(length).fill(1);
  for (let row = 0; row < length; row++) if (isDeleted[row] === 1) validity[row] = 0;
  if (column.layout !== "text") {
    const values = column.values.slice(0, length);
    for (let row = 0; row < length; row++) if (isDeleted[row] === 1) values[row] = 0;
    return { ...column, values, validity } as Column;
  }
  const ends = column.ends.slice(0, length);
  for (let row = 0; row < length; row++) if (isDeleted[row] === 1) ends[row] = column.starts[row] as number;
  return { ...column, ends, validity };
}

/** Without its wide values a wide column may have to become narrow. */
function rebuilt(column: Column, isDeleted: Uint8Array, length: number): Column {
  const builder = new ColumnBuilder({ kind: "int64", as: "bigint" }, length);
  for (let row = 0; row < length; row++) {
    if (isDeleted[row] === 1) builder.null();
    else builder.copy(column, row);
  }
  return builder.take();
}

/** The batch with the rows of `isDeleted` (1 a row) turned into deletes of their key: diff −1, no other columns. */
export function withDeletes(batch: Batch, key: readonly string[], isDeleted: Uint8Array): Batch {
  const { length } = batch;
  const diffs = batch.diffs?.slice(0, length) ?? new Int32Array(length).fill(1);
  for (let row = 0; row < length; row++) if (isDeleted[row] === 1) diffs[row] = -1;
  const columns = batch.schema.fields.map(({ name }, index) => {
    const column = batch.columns[index] as Column;
    return key.includes(name) ? column : withNulls(column, isDeleted, length);
  });
  return { ...batch, columns, diffs };
}
