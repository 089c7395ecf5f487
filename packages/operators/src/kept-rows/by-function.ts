/** Rows that a step keeps, made those of now by a function of the user. */
import {
  ColumnBuilder,
  columnIndex,
  columnText,
  DataflowError,
  type Batch,
  type GoesOn,
  type InputPart,
  type Migration,
  type Schema,
} from "@df/core";
import { CanonicalCodec } from "@df/core/batch/canonical";
import { rowText } from "@df/core/batch/row-text";
import { rowReader, rowWriter } from "@df/core/batch/rows";
import { batchByName } from "./batch-by-name.ts";

/**
 * Makes the rows of a batch those of now. It has all that the given one has beside columns; the columns `fixed`, which
 * tell rows apart, have the values that they had.
 */
export type Change = (batch: Batch, fixed: readonly string[]) => Batch;

/**
 * Gives the rows of batches to the function of a step, one after the other.
 * @throws DF_MIGRATE for a row that the function refuses, whose result is no row of now, or has another value in a
 *   column that is fixed, naming its values
 */
export function rowsByFunction(migration: Migration, is: Schema, step: string): Change {
  const read = rowReader(migration.before, "all", false);
  const write = rowWriter(is, false);
  return (given, fixed) => {
    const batch = batchByName(given, migration.before);
    const builders = is.fields.map(({ type }) => new ColumnBuilder(type, batch.length));
    for (let row = 0; row < batch.length; row++) {
      try {
        write(migration.make(read(batch, row)) as object, builders);
      } catch (thrown) {
        throw refusal(step, migration, rowText(batch, row), thrown);
      }
    }
    const changed = { ...batch, schema: is, columns: builders.map((builder) => builder.take()) };
    const row = firstOther(batch, changed, fixed);
    if (row === undefined) return changed;
    const names = fixed.map((name) => `"${name}"`).join(", ");
    const words = `it gives another ${names}, which may not change under the same name: what was shown of the row would stay.`;
    throw refusal(step, migration, rowText(batch, row), new Error(words));
  };
}

/** The columns of a key where it has those that it had, so that a table behind goes on; none where it has others. */
export function fixedKey(was: Schema, is: Schema): readonly string[] {
  const textOf = ({ fields }: Schema): string => fields.map(columnText).toSorted(byText).join("\n");
  return textOf(was) === textOf(is) ? is.fields.map(({ name }) => name) : [];
}

function firstOther(was: Batch, is: Batch, fixed: readonly string[]): number | undefined {
  if (fixed.length === 0) return undefined;
  const [before, after] = [was, is].map(
    ({ schema }) =>
      new CanonicalCodec(
        schema,
        fixed.map((name) => columnIndex(schema, name)),
      ),
  ) as [CanonicalCodec, CanonicalCodec];
  for (let row = 0; row < was.length; row++) {
    if (Buffer.compare(before.encode(was, row), after.encode(is, row)) !== 0) return row;
  }
  return undefined;
}

/** What is to be said of a row that could not be brought over. */
export function refusal(step: string, { name }: Migration, row: string, thrown: unknown): DataflowError {
  const words = thrown instanceof Error ? thrown.message : String(thrown);
  return new DataflowError(
    "DF_MIGRATE",
    `Step "${step}": its function "${name}" cannot bring ${row} over: ${/[.?!]$/.test(words) ? words : `${words}.`} Nothing was changed: mend the function, or go on with the pipeline that wrote the state.`,
    { cause: thrown },
  );
}

/** Where no rule tells what kept rows are now: a refusal that names the function which may. */
export function orByFunction(goesOn: GoesOn | undefined): GoesOn {
  if (goesOn !== undefined && goesOn.verdict !== "refuse") return goesOn;
  const why = goesOn === undefined ? "A" : `${goesOn.why} Or a`;
  const words = `${why} function says what they are now: { migrate: migration(name, before, make) }.`;
  return { verdict: "refuse", why: words };
}

/** Why a function does not take rows that were stored with some columns, as a fingerprint has them. */
export function otherRows(
  migration: Pick<Migration, "name" | "before">,
  stored: InputPart["columns"],
): string[] {
  const taken = migration.before.fields.map(columnText);
  if (taken.toSorted(byText).join("\n") === stored.toSorted(byText).join("\n")) return [];
  return [
    `Its function "${migration.name}" takes rows of (${taken.join(", ")}), and the state has rows of (${stored.join(", ")}): declare those, or take the function out where the state has the columns of now.`,
  ];
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
