import {
  BATCH_ROWS_MAX,
  gatherRows,
  type AggregateSpec,
  type Batch,
  type OperatorContext,
  type RowCondition,
} from "@df/core";
import { rowTest, type RowTest } from "../../stateless/condition.ts";
import { only, runEach } from "../../stateless/stateless.ts";

/** Rows of a batch, and the offsets of the state rows that they go to. */
export interface Chosen {
  readonly rows: Int32Array;
  readonly offsets: Int32Array;
  count: number;
}

/** The conditions of some aggregates: each is asked once per row, also where several aggregates have it. */
export class Conditions {
  readonly #conditions: readonly RowCondition[];
  readonly #tests: readonly RowTest[];
  /** By condition: 1 or 0 for each row of the last batch, and the rows that were chosen last. */
  readonly #verdicts: readonly Uint8Array[];
  readonly #chosen: readonly Chosen[];

  constructor(
    specs: readonly AggregateSpec[],
    { inputs, generate }: Pick<OperatorContext, "inputs" | "generate">,
  ) {
    const { schema } = only(inputs);
    const conditions = [...new Set(specs.flatMap(({ where }) => (where === undefined ? [] : [where])))];
    this.#conditions = conditions;
    this.#tests = conditions.map((each) => rowTest(schema, each, generate));
    this.#verdicts = conditions.map(() => new Uint8Array(BATCH_ROWS_MAX));
    this.#chosen = conditions.map(() => ({
      rows: new Int32Array(BATCH_ROWS_MAX),
      offsets: new Int32Array(BATCH_ROWS_MAX),
      count: 0,
    }));
  }

  /** The place of a condition among them; −1 for none. */
  indexOf(condition: RowCondition | undefined): number {
    return condition === undefined ? -1 : this.#conditions.indexOf(condition);
  }

  /**
   * Asks them about the rows of a batch. A row that one of them cannot answer for is refused, before anything is made
   * of it; the others are returned, undefined for none.
   */
  ask(batch: Batch, context: OperatorContext): Batch | undefined {
    return this.answer(batch) ? batch : this.#askEach(batch, context);
  }

  /** Asks them about all rows of a batch; says whether each had an answer. */
  answer(batch: Batch): boolean {
    try {
      for (let i = 0; i < this.#tests.length; i++) {
        (this.#tests[i] as RowTest).all(batch, this.#verdicts[i] as Uint8Array);
      }
      return true;
    } catch {
      return false;
    }
  }

  /** Chooses from `rows`, which go to `offsets`, those that each condition holds for. */
  choose(rows: Int32Array, offsets: Int32Array): readonly Chosen[] {
    for (let i = 0; i < this.#chosen.length; i++) {
      const chosen = this.#chosen[i] as Chosen;
      chosen.count = choose(rows, offsets, this.#verdicts[i] as Uint8Array, chosen);
    }
    return this.#chosen;
  }

  /** Asks row by row, refuses those without an answer, and leaves the others' verdicts side by side. */
  #askEach(batch: Batch, context: OperatorContext): Batch | undefined {
    const rows = new Int32Array(batch.length);
    let count = 0;
    runEach(context, batch, {
      begin: () => {},
      row: (row) => {
        const answers = this.#tests.map((test) => test.row(batch, row));
        for (const [i, isTrue] of answers.entries()) {
          (this.#verdicts[i] as Uint8Array)[count] = isTrue ? 1 : 0;
        }
        rows[count++] = row;
      },
    });
    return count === 0 ? undefined : gatherRows(batch, rows, count);
  }
}

/** Whether the conditions of aggregates have an answer for each row of a batch: then none of them is refused. */
export function answeringAll(
  aggregates: readonly { readonly spec: AggregateSpec }[],
  context: Pick<OperatorContext, "inputs" | "generate">,
): (batch: Batch) => boolean {
  const specs = aggregates.map(({ spec }) => spec);
  const conditions = new Conditions(specs, context);
  return (batch) => conditions.answer(batch);
}

/** Without a branch: which rows are chosen cannot be foreseen. */
function choose(rows: Int32Array, offsets: Int32Array, verdicts: Uint8Array, into: Chosen): number {
  const { rows: someRows, offsets: someOffsets } = into;
  const { length } = rows;
  let count = 0;
  for (let i = 0; i < length; i++) {
    const row = rows[i] as number;
    someRows[count] = row;
    someOffsets[count] = offsets[i] as number;
    count += verdicts[row] as number;
  }
  return count;
}
