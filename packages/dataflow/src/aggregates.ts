import { DataflowError, columnIndex } from "@df/core";
import type { AggregateSpec, RowCondition, Schema } from "@df/core";
import { avg, count, max, min, sum, where } from "@df/operators";
import type { NamedAggregate } from "@df/operators";

interface Made {
  readonly kind: "aggregate";
  readonly spec: AggregateSpec;
}

/** A lambda of the author that says which rows count. */
type Keep = (row: Readonly<Record<string, unknown>>) => boolean;
/** Makes a condition of a lambda; one for all places where the same lambda is given. */
export type ConditionOf = (keep: Keep) => RowCondition;

/** The verbs behind `ResultColumns`. */
interface ColumnVerbs {
  count(...columns: readonly unknown[]): Made;
  sum(column: string): Made;
  avg(column: string): Made;
  min(column: string): Made;
  max(column: string): Made;
  use(aggregate: Definition, column: string): Made;
}
/** The verbs behind `Aggregates`. */
interface AggregateVerbs extends ColumnVerbs {
  where(keep: Keep): ColumnVerbs;
}
/** What `defineAggregate` makes, as far as it is needed here. */
interface Definition {
  on(column: string): AggregateSpec;
}
export type BuildAggregates = (a: AggregateVerbs) => Readonly<Record<string, Made>>;

/** The verbs, over the rows of a condition if there is one. */
function verbs(condition?: RowCondition): ColumnVerbs {
  const made = (spec: AggregateSpec): Made => ({
    kind: "aggregate",
    spec: condition === undefined ? spec : where(condition, spec),
  });
  return {
    count: (...columns) => {
      if (columns.length === 0) return made(count());
      throw new DataflowError(
        "DF_AGGREGATE",
        "count() counts rows and takes no column. Without nulls: a.where((row) => row.id !== null).count().",
      );
    },
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
}

/**
 * The aggregates that `build` names, in its order.
 * @throws DF_COLUMN_TWICE for a name that a group or window column has, DF_AGGREGATE for something else, DF_NO_COLUMN
 */
export function aggregatesOf(
  build: BuildAggregates,
  input: Schema,
  { taken, conditionOf }: { readonly taken: readonly string[]; readonly conditionOf: ConditionOf },
): readonly NamedAggregate[] {
  if (typeof build !== "function") {
    throw new DataflowError("DF_AGGREGATE", "aggregate() needs a function: (a) => ({ rows: a.count() }).");
  }
  const all = { ...verbs(), where: (keep: Keep) => verbs(conditionOf(keep)) };
  const entries = Object.entries(build(all));
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

function isMade(value: unknown): value is Made {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "aggregate";
}
