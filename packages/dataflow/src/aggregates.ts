import { DataflowError, columnIndex } from "@df/core";
import type { AggregateSpec, Schema } from "@df/core";
import { avg, count, max, min, sum } from "@df/operators";

/** A column of a result, as `aggregate()` makes it. */
export interface NamedAggregate {
  readonly name: string;
  readonly spec: AggregateSpec;
}

interface Made {
  readonly kind: "aggregate";
  readonly spec: AggregateSpec;
}

/** The verbs behind `Aggregates`. */
export interface AggregateVerbs {
  count(): Made;
  sum(column: string): Made;
  avg(column: string): Made;
  min(column: string): Made;
  max(column: string): Made;
  use(aggregate: Definition, column: string): Made;
}
/** What `defineAggregate` makes, as far as it is needed here. */
interface Definition {
  on(column: string): AggregateSpec;
}
export type BuildAggregates = (a: AggregateVerbs) => Readonly<Record<string, Made>>;

const VERBS: AggregateVerbs = {
  count: () => made(count()),
  sum: (column) => made(sum(column)),
  avg: (column) => made(avg(column)),
  min: (column) => made(min(column)),
  max: (column) => made(max(column)),
  use: (aggregate, column) => {
    if (typeof aggregate !== "object" || aggregate === null || !("on" in aggregate)) {
      throw new DataflowError("DF_AGGREGATE", "use() needs what defineAggregate() made.");
    }
    return made(aggregate.on(column));
  },
};

/**
 * The aggregates that `build` names, in its order.
 * @throws DF_COLUMN_TWICE for a name that a group or window column has, DF_AGGREGATE for something else, DF_NO_COLUMN
 */
export function aggregatesOf(
  build: BuildAggregates,
  input: Schema,
  taken: readonly string[],
): readonly NamedAggregate[] {
  if (typeof build !== "function") {
    throw new DataflowError("DF_AGGREGATE", "aggregate() needs a function: (a) => ({ rows: a.count() }).");
  }
  const entries = Object.entries(build(VERBS));
  if (entries.length === 0) {
    throw new DataflowError("DF_AGGREGATE", "aggregate() names no column: (a) => ({ rows: a.count() }).");
  }
  return entries.map(([name, column]) => {
    if (!isMade(column)) {
      throw new DataflowError(
        "DF_AGGREGATE",
        `Column "${name}" is no aggregate. Write ${name}: a.count(), a.sum("…").`,
      );
    }
    if (taken.includes(name)) {
      throw new DataflowError(
        "DF_COLUMN_TWICE",
        `The result already has a column "${name}". Name the aggregate otherwise.`,
      );
    }
    const { spec } = column;
    if (spec.column !== undefined) columnIndex(input, spec.column);
    return { name, spec };
  });
}

function made(spec: AggregateSpec): Made {
  return { kind: "aggregate", spec };
}

function isMade(value: unknown): value is Made {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "aggregate";
}
