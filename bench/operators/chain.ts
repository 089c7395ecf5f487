/** Lambdas one behind the other, map and filter in turn, beside the same functions given to the methods of arrays. */
import { BATCH_ROWS_MAX, t, type Operator, type Output } from "@df/core";
import { filter, map } from "@df/operators";
import { warm, type Benchmark, type Done } from "../benchmark.ts";
import { opened } from "./drive.ts";
import { INPUT, replayOf, ROWS, rowsWith, SCHEMA, type Row } from "./rows.ts";

const COLUMNS = ["id", "key", "price", "at"];
const OUTPUT = t.row({ id: t.int(), key: t.int(), price: t.int(), at: t.timestamp() }).schema;

/** Each second step keeps nearly all rows. */
const isFilter = (step: number): boolean => step % 2 === 1;
const keepOf = (step: number) => (row: Row) => row.price > step;
const makeOf = (step: number) => (row: Row) => ({
  id: row.id,
  key: row.key,
  price: row.price + (step % 3),
  at: row.at,
});

/** Steps in the order of the rows, as operators that hand on to each other. */
function chained(steps: number, end: Output): Output {
  let next = end;
  for (let step = steps - 1; step >= 0; step--) {
    const operator = stepOf(step);
    const out = next;
    next = (batch) => {
      operator.onBatch(batch, 0, out);
      return "ok";
    };
  }
  return next;
}

function stepOf(step: number): Operator {
  const spec = isFilter(step)
    ? filter({ columns: ["price"], keep: keepOf(step) as never })
    : map({ columns: COLUMNS, output: OUTPUT, returns: COLUMNS, make: makeOf(step) as never });
  return opened(spec, `step-${step}`, { ...INPUT, schema: step === 0 ? SCHEMA : OUTPUT });
}

function subject(steps: number): () => Done {
  const { batches } = replayOf(rows());
  let made = 0;
  const first = chained(steps, (batch) => {
    made += batch.length;
    return "ok";
  });
  return () => {
    made = 0;
    for (const batch of batches) first(batch);
    return { units: ROWS * steps, made };
  };
}

function reference(steps: number): () => Done {
  const given = rows();
  const functions = Array.from({ length: steps }, (_, step) =>
    isFilter(step)
      ? (some: readonly Row[]) => some.filter(keepOf(step))
      : (some: readonly Row[]) => some.map(makeOf(step)),
  );
  return () => {
    let made = 0;
    for (let from = 0; from < ROWS; from += BATCH_ROWS_MAX) {
      let some = given.slice(from, from + BATCH_ROWS_MAX);
      for (const each of functions) some = each(some);
      made += some.length;
    }
    return { units: ROWS * steps, made };
  };
}

function rows(): readonly Row[] {
  return rowsWith((_i, random) => random % 1000);
}

/** A unit is a lambda that is given a row. */
export const BENCHMARKS: readonly Benchmark[] = [4, 40].map((steps) =>
  warm(
    `lambdas/${steps} in a chain`,
    "call",
    () => ({ reference: reference(steps), subject: subject(steps) }),
    {
      short: steps === 4,
    },
  ),
);
