import {
  DataflowError,
  fieldOf,
  typeName,
  type Field,
  type Migration,
  type OperatorSpec,
  type Schema,
  type Shape,
} from "@df/core";
import { orByFunction, otherRows } from "../kept-rows/by-function.ts";
import { keptRowsGoOn } from "../kept-rows/goes-on.ts";
import { openLatest } from "./operator.ts";

/** Which rows belong together, and which of them is the latest. */
export interface LatestOptions {
  /** The columns of which the values make a group; at least one. */
  readonly group: readonly string[];
  /** The columns that tell which row is the latest, compared in this order; at least one, and none of the group's. */
  readonly by: readonly string[];
  /** Brings rows over that were kept with other columns, another group or another `by`. */
  readonly migrate?: Migration | undefined;
}

/**
 * Keeps the row of each group with the highest `by` columns, as upserts by group without event time. Numbers, decimals,
 * timestamps and dates are compared by value (NaN above all numbers, −0 equal to 0), text by its UTF-8 bytes, true is
 * above false, null below all. Of rows with equal `by` columns the one with the highest canonical bytes is kept,
 * so that nothing depends on arrival. A group that changed is given once per flush.
 * @throws DF_LATEST without group or `by`, and for a `by` column that is one of the group's
 * `outputs` throws DF_LATEST_TYPE for a `by` column without an order, DF_NOT_APPEND and DF_NO_COLUMN.
 */
export function latest(options: LatestOptions): OperatorSpec {
  checkOptions(options);
  const { group, by, migrate } = options;
  return {
    name: "latest",
    version: 1,
    options: { group, by },
    label: "convergent",
    stateful: true,
    refuses: false,
    exchanges: [{ keyBy: group }],
    outputs: ([input]) => [outputOf(options, input)],
    // Which of two rows equal in `by` is kept depends on all columns, so the result would depend on which are read.
    needs: (_wanted, [schema]) => [new Set(schema?.fields.map(({ name }) => name))],
    goesOn: (before, now) => orByFunction(keptRowsGoOn(group, before, now)),
    migration: migrate && {
      ...migrate,
      refusals: (before) => otherRows(migrate, before.inputs[0]?.columns ?? []),
    },
    open: (context) => openLatest(options, context),
  };
}

function checkOptions({ group, by }: LatestOptions): void {
  if (group.length === 0) {
    throw new DataflowError("DF_LATEST", 'latest() needs a column to group by: groupBy("user").latest(…).');
  }
  if (by.length === 0) {
    throw new DataflowError(
      "DF_LATEST",
      'latest() needs a column that tells which row is the latest: { by: "updatedAt" }.',
    );
  }
  const grouped = by.find((name) => group.includes(name));
  if (grouped !== undefined) {
    throw new DataflowError(
      "DF_LATEST",
      `latest() by "${grouped}" tells nothing: it is a column of the group, so all rows of a group have one value. ` +
        `Name another column.`,
    );
  }
}

function outputOf({ group, by }: LatestOptions, input: Shape | undefined): Shape {
  if (input === undefined) throw new DataflowError("DF_LATEST", "latest() takes one stream.");
  const { schema, change } = input;
  if (change !== "append") {
    throw new DataflowError(
      "DF_NOT_APPEND",
      `latest() keeps one row of each group and forgets the others, so it takes rows that never change; this stream ` +
        `is ${change}. Use it before they change, or make the result final.`,
    );
  }
  for (const name of group) fieldOf(schema, name);
  for (const name of by) checkOrdered(fieldOf(schema, name), schema);
  return { schema, change: "upsert", key: group, timed: false };
}

function checkOrdered({ name, type }: Field, { fields }: Schema): void {
  if (hasOrder(type.kind)) return;
  const others = fields.filter((field) => hasOrder(field.type.kind)).map((field) => `"${field.name}"`);
  throw new DataflowError(
    "DF_LATEST_TYPE",
    `latest() by "${name}" is not possible: ${typeName(type)} has no order. Columns that have one: ` +
      `${others.join(", ") || "none"}.`,
  );
}

function hasOrder(kind: Field["type"]["kind"]): boolean {
  return kind !== "json" && kind !== "bytes";
}
