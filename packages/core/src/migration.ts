/** Functions of users that bring state over where the engine cannot tell what it means now. */
import type { StepPart } from "./operator.ts";
import type { Schema } from "./schema/schema.ts";

/**
 * Makes rows that a step keeps those of now. It runs once for a state, at the first start that has it, and what it
 * makes is stored with the first checkpoint; until then the state is as it was. Pure: a start that ends before that,
 * and each shard, calls it again.
 */
export interface Migration {
  /** What the state remembers: a state that has it written down is never given to it again. */
  readonly name: string;
  /** The rows that it takes: the columns with which they were stored. */
  readonly before: Schema;
  /** The row of now; a throw refuses the row, and the run does not start. */
  readonly make: (row: Record<string, unknown>) => unknown;
}

/** That of a step. */
export interface StepMigration extends Migration {
  /** What keeps it from being used on state that was stored so, a sentence each. */
  readonly refusals: (before: StepPart, now: StepPart) => readonly string[];
}

/** Names of migrations that a state has behind it, by node id. */
export type Migrated = Readonly<Record<string, readonly string[]>>;
