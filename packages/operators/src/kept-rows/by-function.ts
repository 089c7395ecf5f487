/** Rows that a step keeps, made those of now by a function of the user. */
import {
  ColumnBuilder,
  DataflowError,
  typeName,
  type Batch,
  type InputPart,
  type Migration,
  type Schema,
} from "@df/core";
import { rowText } from "@df/core/batch/row-text";
import { rowReader, rowWriter } from "@df/core/batch/rows";
import { batchByName } from "./batch-by-name.ts";

/**
 * Gives the rows of batches to the function of a step, one after the other. What it returns has all that the given
 * batch has beside columns.
 * @throws DF_MIGRATE for a row that the function refuses, or whose result is no row of now, naming its values
 */
export function rowsByFunction(migration: Migration, is: Schema, step: string): (batch: Batch) => Batch {
  const read = rowReader(migration.before, "all", false);
  const write = rowWriter(is, false);
  return (given) => {
    const batch = batchByName(given, migration.before);
    const builders = is.fields.map(({ type }) => new ColumnBuilder(type, batch.length));
    for (let row = 0; row < batch.length; row++) {
      try {
        write(migration.make(read(batch, row)) as object, builders);
      } catch (thrown) {
        throw refusal(step, migration, rowText(batch, row), thrown);
      }
    }
    return { ...batch, schema: is, columns: builders.map((builder) => builder.take()) };
  };
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

/** Why a function does not take rows that were stored with some columns, as a fingerprint has them. */
export function otherRows(
  migration: Pick<Migration, "name" | "before">,
  stored: InputPart["columns"],
): string[] {
  const taken = migration.before.fields.map(
    ({ name, type, nullable }) => `${name} ${typeName(type)}${nullable ? "?" : ""}`,
  );
  if (taken.toSorted(byText).join("\n") === stored.toSorted(byText).join("\n")) return [];
  return [
    `Its function "${migration.name}" takes rows of (${taken.join(", ")}), and the state has rows of (${stored.join(", ")}): declare those, or take the function out where the state has the columns of now.`,
  ];
}

function byText(a: string, b: string): number {
  return a < b ? -1 : Number(a > b);
}
