import { DataflowError, isRowType, type Columns, type Migration, type ReadOf, type RowType } from "@df/core";
import { checkedName } from "./graph.ts";
import { checkLambda } from "./lambda.ts";

declare const MADE: unique symbol;

/** A function that brings over what a step keeps, and the rows that it makes. Made by `migration()`. */
export interface MigrationTo<out Row> extends Migration {
  readonly [MADE]?: (() => Row) | undefined;
}

/**
 * Says how rows that a step has kept become rows of now, where the engine cannot tell: a column has another type, a key
 * is another one, a value means something else. `before` are the rows that were kept, `make` gives the row of now for
 * each of them. It runs once for a state, under this name, before the first row of the start that has it; what it makes
 * is stored with the first checkpoint. A row that it throws for ends the run, and nothing has changed. When it has run,
 * it may be taken out. It is pure: every shard calls it, and so does a start after a crash.
 * @throws DF_ID for a name that is none, DF_SCHEMA for rows that were not declared with `t.row()`, and as lambdas do
 */
export function migration<const S extends Columns, Row>(
  name: string,
  before: RowType<S>,
  make: (row: ReadOf<S>) => Row,
): MigrationTo<Row> {
  checkedName(name, "migration()");
  if (!isRowType(before)) {
    throw new DataflowError(
      "DF_SCHEMA",
      `migration("${name}") needs the rows of before: migration("${name}", t.row({ … }), (row) => …).`,
    );
  }
  checkLambda(make, "migration()");
  return { name, before: before.schema, make: (row) => make(row as ReadOf<S>) };
}

/** What a verb was given as `migrate`. @throws DF_OPTION */
export function checkedMigration(given: unknown, verb: string): Migration | undefined {
  if (given === undefined) return undefined;
  const isOne = typeof given === "object" && given !== null && "before" in given && "make" in given;
  if (isOne) return given as Migration;
  throw new DataflowError(
    "DF_OPTION",
    `migrate of ${verb} is no migration: give it migration(name, before, make).`,
  );
}
