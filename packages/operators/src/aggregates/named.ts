/** What the operators that aggregate have in common while the graph is built. */
import { DataflowError, type AggregateSpec, type Field, type Json, type Schema } from "@df/core";
import { namesOf } from "../stateless/stateless.ts";

/** An aggregate and the column of the result it gives. */
export interface NamedAggregate {
  readonly name: string;
  readonly spec: AggregateSpec;
}

/** All that decides what the state of aggregates means. */
export function aggregatesJson(aggregates: readonly NamedAggregate[]): Json {
  return aggregates.map(({ name, spec }) => ({
    name,
    aggregate: spec.name,
    column: spec.column ?? null,
    options: spec.options,
    ...(spec.where === undefined ? {} : { where: spec.where.columns }),
  }));
}

/** The columns that aggregates and their conditions read. */
export function columnsRead(aggregates: readonly NamedAggregate[], input: Schema): readonly string[] {
  return aggregates.flatMap(({ spec }) => [
    ...(spec.column === undefined ? [] : [spec.column]),
    ...(spec.where === undefined ? [] : namesOf(input, spec.where.columns)),
  ]);
}

/** Whether a function of the user chooses rows, and may throw. */
export function hasConditions(aggregates: readonly NamedAggregate[]): boolean {
  return aggregates.some(({ spec }) => spec.where !== undefined);
}

/** Refuses aggregates that cannot take rows back. @throws DF_RETRACTABLE */
export function checkRetractable(aggregates: readonly NamedAggregate[]): void {
  for (const { name, spec } of aggregates) {
    if (spec.retractable) continue;
    throw new DataflowError(
      "DF_RETRACTABLE",
      `The aggregate "${name}" (${spec.name}) cannot take rows back, and rows of this stream can be. Use count, sum, ` +
        `avg or an aggregate with .retract(), or a stream that only appends.`,
    );
  }
}

/** The schema of these columns and of what the aggregates give. @throws DF_COLUMN_TWICE */
export function resultSchema(
  before: readonly Field[],
  aggregates: readonly NamedAggregate[],
  input: Schema,
): Schema {
  const fields = [...before, ...aggregates.map(({ name, spec }) => spec.output(input, name))];
  const names = new Set<string>();
  for (const { name } of fields) {
    if (names.has(name)) throw columnTwice(name, "The result");
    names.add(name);
  }
  return { fields };
}

/** The error for two columns of one name. */
export function columnTwice(name: string, where: string): DataflowError {
  return new DataflowError(
    "DF_COLUMN_TWICE",
    `${where} would have two columns "${name}". Name the aggregate or the input's column otherwise.`,
  );
}
