import {
  DataflowError,
  diffAt,
  gatherRows,
  type Batch,
  type Field,
  type Operator,
  type OperatorContext,
  type OperatorSpec,
  type Schema,
  type Shape,
} from "@df/core";
import { only, STATELESS, withNulls } from "../stateless/stateless.ts";
import { compile } from "./compile.ts";
import { column, columnsRead, type Expression } from "./expression.ts";
import { Refusals } from "./vector.ts";

/** The columns to make, each by its expression. */
export interface SelectOptions {
  /** The columns of the result, in this order. */
  readonly expressions: Readonly<Record<string, Expression>>;
  /**
   * Hands on all columns of the input as well: those with the name of an expression are replaced in their place, others
   * come before what is new. Columns that nobody wants are then never read.
   */
  readonly all?: boolean | undefined;
}

/**
 * Computes columns from columns, whole batches at a time. A row that an expression cannot be computed for (overflow,
 * division by zero, text that is no number) is refused. On upsert and retract streams the key columns must be handed on
 * as they are. `outputs` throws DF_NO_COLUMN, DF_EXPRESSION, DF_KEY_LOST and DF_SELECT_EMPTY.
 */
export function select({ expressions, all = false }: SelectOptions): OperatorSpec {
  return {
    ...STATELESS,
    name: "select",
    options: {
      all,
      expressions: Object.entries(expressions).map(([name, tree]) => [name, JSON.stringify(tree)]),
    },
    outputs: (inputs) => {
      const input = only(inputs);
      const trees = treesOf(input.schema, expressions, all);
      checkKeys(input, trees);
      const fields = [...trees].map(([name, tree]): Field => {
        const { type, nullable } = compile(tree, input.schema);
        return { name, type, nullable, optional: false };
      });
      return [{ ...input, schema: { fields } }];
    },
    needs: ([wanted], inputs) => [needed(only(inputs), expressions, all ? wanted : undefined)],
    open: (context) => openSelect(context, treesOf(only(context.inputs).schema, expressions, all)),
  };
}

/** The expression of each column of the result. */
function treesOf(
  schema: Schema,
  expressions: Readonly<Record<string, Expression>>,
  all: boolean,
): ReadonlyMap<string, Expression> {
  const trees = new Map<string, Expression>();
  if (all) for (const { name } of schema.fields) trees.set(name, column(name));
  for (const [name, tree] of Object.entries(expressions)) trees.set(name, tree);
  if (trees.size === 0)
    throw new DataflowError("DF_SELECT_EMPTY", "select() makes no column. Name at least one.");
  return trees;
}

function needed(
  schema: Schema,
  expressions: Readonly<Record<string, Expression>>,
  handedOn: ReadonlySet<string> | undefined,
): Set<string> {
  const names = new Set(Object.values(expressions).flatMap(columnsRead));
  for (const { name } of schema.fields) {
    if (handedOn?.has(name) === true && !Object.hasOwn(expressions, name)) names.add(name);
  }
  return names;
}

function checkKeys({ key, change }: Shape, trees: ReadonlyMap<string, Expression>): void {
  for (const name of key) {
    const tree = trees.get(name);
    if (tree?.kind === "column" && tree.name === name) continue;
    throw new DataflowError(
      "DF_KEY_LOST",
      `select ${tree === undefined ? "drops" : "computes"} "${name}", which is part of the key of this ${change} stream. ` +
        `Hand it on as it is: { ${name}: col("${name}") }.`,
    );
  }
}

function openSelect(context: OperatorContext, trees: ReadonlyMap<string, Expression>): Operator {
  const input = only(context.inputs);
  const { schema } = context.outputs[0] as Shape;
  const vectors = schema.fields.map(({ name }) => compile(trees.get(name) as Expression, input.schema));
  const isKey = schema.fields.map(({ name }) => input.key.includes(name));
  return {
    onBatch(batch, _port, out) {
      const refusals = new Refusals();
      const isDeleted = deletesOf(batch);
      const columns = vectors.map((vector, i) => {
        const made = vector.evaluate(batch, refusals);
        return isDeleted === undefined || isKey[i] === true ? made : withNulls(made, isDeleted, batch.length);
      });
      const made: Batch = { ...batch, schema, columns };
      const refused = refuse(context, batch, refusals, isDeleted);
      context.count("passed", batch.length - refused.length);
      if (refused.length === 0) out(made);
      else if (refused.length < batch.length) out(without(made, refused));
      return "done";
    },
  };
}

/** The rows of a batch that are deletes of a key, 1 a row; undefined where there is none. */
function deletesOf(batch: Batch): Uint8Array | undefined {
  if (batch.change !== "upsert") return undefined;
  const isDeleted = Uint8Array.from({ length: batch.length }, (_, row) => (diffAt(batch, row) < 0 ? 1 : 0));
  return isDeleted.includes(1) ? isDeleted : undefined;
}

/** Sends refused rows away and returns their numbers, ascending; a delete is never refused. */
function refuse(
  context: OperatorContext,
  batch: Batch,
  { reasons }: Refusals,
  isDeleted: Uint8Array | undefined,
): number[] {
  const rows = [...reasons.keys()].filter((row) => isDeleted?.[row] !== 1).toSorted((a, b) => a - b);
  for (const row of rows) context.reject(batch, row, reasons.get(row) as string);
  return rows;
}

function without(batch: Batch, refused: readonly number[]): Batch {
  const isRefused = new Set(refused);
  const rows = new Int32Array(batch.length - refused.length);
  let count = 0;
  for (let row = 0; row < batch.length; row++) if (!isRefused.has(row)) rows[count++] = row;
  return gatherRows(batch, rows, count);
}
