/** Ways to break savepoints, what begins from them, adoptions, renames and migrations. */
import { type Edit, one, rare, type Variant } from "./variant.ts";

const RENAMES = "core/src/checkpoint/rename-nodes.ts";

/** Whether a split that had ended has grown is asked late: what it holds back is shown meanwhile. */
const ASKS_LATE: Edit = {
  file: "core/src/runtime/source-runner.ts",
  find: "      askAt: this.#stopping ? Infinity : 0,",
  replace:
    '      askAt: this.#stopping ? Infinity : this.#parts.now() + (record?.status === "ended" ? 100 : 0),',
};

/** All of them. */
export const LINEAGE_VARIANTS: readonly Variant[] = [
  one(
    "a child lineage begins at another epoch than its savepoint",
    "core/src/checkpoint/begin-from.ts",
    "  const parent: Ancestor = { lineage, epoch, savepoint: id };",
    "  const parent: Ancestor = { lineage, epoch: epoch + 1000, savepoint: id };",
  ),
  {
    name: "a savepoint is taken before what it holds is shown",
    edits: [
      {
        file: "core/src/runtime/job.ts",
        find: "    if (this.#last !== undefined) await deliveries.deliverAll(this.#last);\n    return state.savepoint",
        replace: "    void deliveries;\n    return state.savepoint",
      },
      {
        file: "core/src/checkpoint/savepoint.ts",
        find: "    if (rows !== 0)",
        replace: "    if (rows === undefined)",
      },
    ],
  },
  one(
    "a new target is taken for the one of the savepoint",
    "core/src/runtime/child-sinks.ts",
    "  for (const { id } of found) await host.state.forgetSink(id);",
    '  for (const { id } of found) if (id === "") await host.state.forgetSink(id);',
  ),
  rare(
    25,
    one(
      "an adoption does not compare what comes of the sources",
      "core/src/runtime/compared.ts",
      "    if (staged.contentHash !== marker.contentHash) {",
      '    if (staged.contentHash === "") {',
    ),
  ),
  rare(
    18,
    one(
      "rows that were adopted are delivered again",
      "core/src/checkpoint/sqlite-state.ts",
      "      for (const { sink, through } of taken) this.#held.drop(sink, through);",
      "      for (const { sink } of taken) this.#held.drop(sink, 0);",
    ),
  ),
  rare(
    89,
    one(
      "an adoption ends splits that were live",
      "core/src/runtime/cut.ts",
      '      return cut.isReached && !end.isLive ? "end" : "idle";',
      '      return cut.isReached ? "end" : "idle";',
    ),
  ),
  {
    name: "a marker does not say the clocks of sources",
    from: 4080,
    edits: [
      { file: "core/src/runtime/delivery.ts", find: "      ...sourcesOf(checkpoint),\n", replace: "" },
      ASKS_LATE,
    ],
  },
  rare(
    210,
    one(
      "an adoption reads again what its state holds",
      "core/src/runtime/adopt.ts",
      "    const known = one.through ?? heldThrough(one, identity);",
      "    const known = one.through;",
    ),
  ),
  rare(21, one("a rename leaves what steps remember", RENAMES, '  ["chunk", "node"],\n', "")),
  one("a rename leaves the rows that a sink holds", RENAMES, '  ["held", "sink"],\n', ""),
  one(
    "a rename forgets how far sources were read",
    RENAMES,
    "    splits: record.splits.map((split) => ({ ...split, source: renamed(split.source) })),\n",
    "",
  ),
  rare(
    195,
    one(
      "a migration takes columns by their place",
      "core/src/state/bring.ts",
      "      from: stored.table.offset(anew?.from ?? name),",
      "      from: anew === undefined ? into.table.offset(name) : stored.table.offset(anew.from),",
    ),
  ),
  rare(
    258,
    one(
      "a migration takes the columns of rows that are kept by their place",
      "operators/src/kept-rows/row-rewriter.ts",
      "    this.#sources = is.fields.map(({ name }) => was.fields.findIndex((field) => field.name === name));",
      "    this.#sources = is.fields.map((_, index) => index);",
    ),
  ),
  rare(
    280,
    one(
      "a function brings a state over again at each start",
      "core/src/plan/restart.ts",
      "  if (migration !== undefined && !hasRun)",
      '  if (migration !== undefined && (!hasRun || id !== ""))',
    ),
  ),
  rare(
    255,
    one(
      "a function is passed over",
      "operators/src/latest/operator.ts",
      "    if (migration !== undefined) return rowsByFunction(migration, schema, nodeId);",
      "    if (migration?.name === nodeId) return rowsByFunction(migration, schema, nodeId);",
    ),
  ),
];
