import { DataflowError, pick, type Migration, type OperatorSpec, type Shape } from "@df/core";
import { groupsGoOnOrBrought, groupsMigration } from "../aggregates/bring-groups.ts";
import {
  aggregatesJson,
  checkRetractable,
  columnsRead,
  hasConditions,
  resultSchema,
  type NamedAggregate,
} from "../aggregates/named.ts";
import { answeringAll } from "../aggregates/where/conditions.ts";
import { only } from "../stateless/stateless.ts";
import { openGroup } from "./operator.ts";

/** Groups and their aggregates. */
export interface GroupOptions {
  /** The columns that make groups; at least one. */
  readonly by: readonly string[];
  readonly aggregates: readonly NamedAggregate[];
  /** Says which group of now each one is that was stored. */
  readonly migrate?: Migration | undefined;
}

/**
 * Aggregates rows by group, over all time: one row per group, kept for ever and replaced whenever the group has
 * changed, once per flush. Upserts by the group's columns, without event time: what a view shows has no moment of its
 * own. Of rows that can be taken back, a group that has lost all of its rows is deleted, and its state with it.
 * @throws DF_KEY without a column to group by
 */
export function group(options: GroupOptions): OperatorSpec {
  const { by, aggregates, migrate } = options;
  if (by.length === 0) throw new DataflowError("DF_KEY", "groupBy() needs a column that makes groups.");
  return {
    name: "group",
    version: 1,
    options: { by, aggregates: aggregatesJson(aggregates) },
    label: "convergent",
    stateful: true,
    refuses: hasConditions(aggregates),
    accepts: (context) => answeringAll(aggregates, context),
    exchanges: [{ keyBy: by }],
    outputs: (inputs) => [outputOf(options, only(inputs))],
    needs: (_wanted, inputs) => [new Set([...by, ...columnsRead(aggregates, only(inputs))])],
    goesOn: groupsGoOnOrBrought,
    migration: groupsMigration(migrate),
    open: (context) => openGroup(options, context),
  };
}

function outputOf({ by, aggregates }: GroupOptions, { schema, change }: Shape): Shape {
  if (change === "upsert") {
    throw new DataflowError(
      "DF_NEEDS_CHANGELOG",
      "groupBy() takes no upserts, as it cannot know the row that was replaced. Put .changelog() before it.",
    );
  }
  if (change === "retract") checkRetractable(aggregates);
  return {
    schema: resultSchema(pick(schema, by).fields, aggregates, schema),
    change: "upsert",
    key: by,
    timed: false,
  };
}
