import { describe, expect, test } from "vitest";
import { fingerprint, lambdaHashes } from "./fingerprint.ts";
import { groups, ints, operator, planOf, reads, sink, source } from "./plan-fixtures.ts";
import type { Does } from "./plan-fixtures.ts";
import type { Migrated } from "../migration.ts";
import type { Json } from "../json.ts";
import type { GoesOn } from "../operator.ts";
import type { OperatorNode, Plan } from "./plan.ts";
import { changedLambdas, difference, restartOf, wayOn } from "./restart.ts";
import type { Shape } from "../stream.ts";

interface Change {
  readonly columns?: readonly string[];
  readonly does?: Partial<Does>;
  readonly by?: readonly string[];
  readonly filter?: readonly string[];
  readonly id?: string;
}
/** source → filter → group → sink, with something changed. */
function plan({
  columns = ["a", "b", "c"],
  does = {},
  by = ["a"],
  filter = ["c"],
  id = "group",
}: Change = {}): Plan {
  const s = source("s", ints(...columns));
  const f = operator("f", reads(...filter), [s]);
  const group = operator(id, { ...groups(by, ["b"]), ...does }, [f]);
  return planOf(s, f, group, sink("out", group));
}
const now = fingerprint(plan());
const told = (changed: Plan): string[] => difference(now, fingerprint(changed));

describe("a restart goes on with", () => {
  test("the same plan", () => {
    expect(told(plan())).toEqual([]);
  });

  test("other stateless steps", () => {
    expect(told(plan({ filter: ["a", "b"] }))).toEqual([]);
    expect(fingerprint(plan({ filter: [] }))).toBe(now);
  });

  test.each<[string, string[], string]>([
    ["a column more", ["a", "b", "c", "d"], 'The columns of source "s" changed; new: "d int64".'],
    [
      "its columns in another order",
      ["c", "a", "b"],
      'The columns of source "s" changed from ["a int64","b int64","c int64"] to ["c int64","a int64","b int64"].',
    ],
  ])("a source with %s, and says so", (_what, columns, change) => {
    const source = restartOf(now, fingerprint(plan({ columns }))).find(({ node }) => node === "s");
    expect(source).toMatchObject({ verdict: "keep", reasons: [], changes: [change] });
  });

  test("a source column that may now be null", () => {
    const [s, ...rest] = plan().nodes;
    if (s?.kind !== "source") throw new Error("no source");
    const fields = s.spec.schema.fields.map((field) => ({ ...field, nullable: field.name === "c" }));
    const grown = planOf({ ...s, spec: { ...s.spec, schema: { fields } } }, ...rest);
    expect(restartOf(now, fingerprint(grown))[0]?.changes).toEqual([
      'The columns of source "s" changed; gone: "c int64"; new: "c int64?".',
    ]);
  });

  test("other state of a step that says it can", () => {
    const changed = (goesOn: GoesOn | undefined): Plan =>
      plan({ does: { options: { n: 2 }, goesOn: () => goesOn } });
    const verdictOf = (goesOn: GoesOn | undefined) =>
      restartOf(now, fingerprint(changed(goesOn)), changed(goesOn)).find(({ node }) => node === "group");
    const change = 'The n of step "group" changed from nothing to 2.';
    expect(verdictOf({ verdict: "migrate" })).toMatchObject({ verdict: "migrate", changes: [change] });
    expect(verdictOf({ verdict: "keep" })).toMatchObject({ verdict: "keep", changes: [change] });
    expect(verdictOf({ verdict: "refuse", why: "No." })).toMatchObject({
      verdict: "refuse",
      reasons: [change, "No."],
    });
    expect(verdictOf(undefined)).toMatchObject({ verdict: "refuse", reasons: [change] });
  });

  test("state that a function of the user brings over, until the state has its name", () => {
    const refusals = (): readonly string[] => (isOther ? ["It takes other rows."] : []);
    const migration = { name: "cents", before: ints("a"), make: () => ({}), refusals };
    let isOther = false;
    const due = plan({ does: { migration } });
    const restart = (asked: Plan, migrated?: Migrated): unknown =>
      restartOf(now, fingerprint(asked), { ...asked, migrated }).find(({ kind }) => kind === "step");
    expect(restart(due)).toMatchObject({ verdict: "migrate", by: "cents", reasons: [], changes: [] });
    expect(restart(due, { group: ["other"] })).toMatchObject({ verdict: "migrate", by: "cents" });
    expect(restart(due, { group: ["other", "cents"] })).toMatchObject({
      verdict: "keep",
      note: 'its function "cents" has run and may be taken out',
    });
    const renamed = { ...plan({ id: "groups", does: { migration } }), renamedFrom: { groups: "group" } };
    expect(restart(renamed)).toMatchObject({ verdict: "migrate", by: "cents", renamedFrom: "group" });
    expect(restart(renamed, { group: ["cents"] })).toMatchObject({ verdict: "keep" });
    isOther = true;
    expect(restart(due)).toMatchObject({ verdict: "refuse", reasons: ["It takes other rows."] });
    const other = plan({ does: { migration, version: 2, options: { n: 2 } } });
    expect(restart(other)).toMatchObject({
      verdict: "refuse",
      reasons: expect.arrayContaining([
        expect.stringMatching(/^Its function "cents" brings over the state of another .* only\.$/),
      ]) as unknown,
    });
  });

  test("new sources, steps and sinks", () => {
    const more = plan();
    const other = source("other", ints("x"));
    expect(told({ ...more, nodes: [...more.nodes, other, sink("other-out", other)] })).toEqual([]);
  });

  test("new steps and sinks that are called as what every object inherits", () => {
    const more = plan();
    const added = operator("constructor", groups(["a"], ["b"]), [more.nodes[1] as OperatorNode]);
    const grown = { ...more, nodes: [...more.nodes, added, sink("toString", added)] };
    expect(told(grown)).toEqual([]);
    expect(restartOf(fingerprint(grown), now)).toContainEqual({
      node: "toString",
      kind: "sink",
      verdict: "drop",
      reasons: [],
    });
    expect(changedLambdas({}, { ...more, lambdas: { valueOf: "(row) => row.a" } })).toEqual([]);
  });

  test("a sink less", () => {
    expect(told({ ...plan(), nodes: plan().nodes.slice(0, -1) })).toEqual([]);
  });

  test("other commit times", () => {
    const nodes = plan().nodes.map((node) =>
      node.kind === "sink" ? { ...node, commitEvery: { time: 5, bytes: 7 } } : node,
    );
    expect(told({ ...plan(), nodes, checkpointEvery: 5 })).toEqual([]);
  });

  test("another way in which a sink writes its rows", () => {
    const writing = (compression: string, changeable?: readonly string[]): Plan => {
      const nodes = plan().nodes.map((node) =>
        node.kind === "sink"
          ? { ...node, spec: { ...node.spec, options: { path: "t", compression }, changeable } }
          : node,
      );
      return { ...plan(), nodes };
    };
    const free = writing("zstd", ["compression"]);
    expect(difference(fingerprint(free), fingerprint(writing("snappy", ["compression"])))).toEqual([]);
    expect(difference(fingerprint(writing("zstd")), fingerprint(writing("snappy")))).toHaveLength(1);
  });

  test("another column of the rows that only its late stream would show", () => {
    const grown = plan({ columns: ["a", "b", "c"], filter: ["c"] });
    const stateful = JSON.parse(fingerprint(grown)) as {
      stateful: { group: { inputs: { columns: string[] }[] } };
    };
    expect(stateful.stateful.group.inputs[0]?.columns).toEqual(["a int64", "b int64"]);
  });
});

describe("a restart is refused, in words, with", () => {
  test("only those of a list that differ: one more aggregate is named without the others", () => {
    const counting = (...names: string[]): Plan =>
      plan({ does: { options: { aggregates: names.map((name) => ({ name, aggregate: "count" })) } } });
    const [two, others] = [counting("a", "b"), counting("b", "c")].map(fingerprint);
    expect(difference(two ?? "", others ?? "")).toEqual([
      'The aggregates of step "group" changed; gone: "a" (count); new: "c" (count).',
    ]);
  });

  test("aggregates as a pipeline names them: which are new, gone, others, or in another order", () => {
    const aggregating = (...aggregates: Json[]): string =>
      fingerprint(plan({ does: { options: { aggregates } } }));
    const sum = { name: "s", aggregate: "sum", column: "b", options: {} };
    const count = { name: "n", aggregate: "count", column: null, options: {} };
    const own = (type: string): Json => {
      return { name: "own", aggregate: "user-defined", column: "b", options: { state: [["total", type]] } };
    };
    const told = (before: string, now: string): string[] => difference(before, now);
    const the = 'The aggregates of step "group" changed; ';
    expect(told(aggregating(sum), aggregating(sum, count))).toEqual([`${the}new: "n" (count).`]);
    expect(told(aggregating(sum, count), aggregating(count, sum))).toEqual([
      `${the}they are in another order: "n", "s".`,
    ]);
    expect(told(aggregating(sum), aggregating({ ...sum, column: "c" }))).toEqual([
      `${the}"s" (sum of "b") is sum of "c" now.`,
    ]);
    expect(told(aggregating(count), aggregating({ ...count, where: ["b", "c"] }))).toEqual([
      `${the}"n" (count) is count, where() reads "b", "c" now.`,
    ]);
    expect(told(aggregating(own("int32")), aggregating(own("int64"), sum))).toEqual([
      `${the}new: "s" (sum of "b"); "own" (user-defined of "b" with the state "total int32") is user-defined of "b" with the state "total int64" now.`,
    ]);
  });

  test("what can be done: a step that does something else may stand beside the one of before", () => {
    const ways = (changed: Plan): string => wayOn(restartOf(now, fingerprint(changed), changed));
    const anew = "Undo the change, or start with a new state directory (--state-dir) and new targets.";
    expect(ways(plan({ does: { options: { size: 2 } } }))).toBe(
      `${anew} Or leave "group" and its sinks as they were, and put the changed step beside it, under another id, with sinks and targets of its own: it begins empty, with rows from now on.`,
    );
    const two = (size: number): Plan => {
      const s = source("s", ints("a", "b"));
      const [one, other] = ["one", "other"].map((id) =>
        operator(id, { ...groups(["a"], ["b"]), options: { size } }, [s]),
      );
      return planOf(s, one as OperatorNode, other as OperatorNode);
    };
    expect(wayOn(restartOf(fingerprint(two(1)), fingerprint(two(2)), two(2)))).toBe(
      `${anew} Or leave "one", "other" and their sinks as they were, and put the changed steps beside them, under other ids, with sinks and targets of their own: these begin empty, with rows from now on.`,
    );
    // Not where rows of another kind come to it, for those would come to both; nor where it is gone.
    expect(ways(plan({ does: { exchanges: ["single"] } }))).toBe(anew);
    expect(ways(plan({ id: "renamed", does: { options: { size: 2 } } }))).toBe(anew);
  });

  test("other options of a step that keeps state", () => {
    const sized = (size: number): Plan => plan({ does: { options: { size, keep: "any" } } });
    expect(difference(fingerprint(sized(1)), fingerprint(sized(2)))).toEqual([
      'The size of step "group" changed from 1 to 2.',
    ]);
    expect(difference(fingerprint(sized(1)), now)).toEqual([
      'The keep of step "group" changed from "any" to nothing.',
      'The size of step "group" changed from 1 to nothing.',
    ]);
  });

  test("another length of its windows, as it is written in a pipeline", () => {
    const sized = (sizeMicros: number, gapMicros: number | null): Plan =>
      plan({ does: { options: { window: { sizeMicros, gapMicros } } } });
    const [hour, odd] = [sized(3_600_000_000, null), sized(5_400_000_000, 250_100)];
    expect(difference(fingerprint(hour), fingerprint(odd))).toEqual([
      'The gap of window of step "group" changed from null to 250.1ms.',
      'The size of window of step "group" changed from 1h to 90m.',
    ]);
  });

  test("another layout of its state, which is no change of the pipeline", () => {
    const [before, now] = [plan({}), plan({ does: { version: 2 } })].map(fingerprint) as [string, string];
    const restarts = restartOf(before, now);
    expect(restarts.flatMap(({ reasons }) => reasons)).toEqual([
      'The rows of step "group" were stored by another dataflow: as version 1 of test, and this one has version 2.',
    ]);
    expect(wayOn(restarts)).toMatch(/^Run the dataflow that wrote the state, or /);
    const changed = fingerprint(plan({ by: ["c"], does: { version: 2 } }));
    expect(wayOn(restartOf(before, changed))).toMatch(/^Undo the change, or /);
  });

  test("another key, naming it for the step and the sink", () => {
    const sentences = told(plan({ by: ["c"] })).join("\n");
    expect(sentences).toContain('step "group"');
    expect(sentences).toContain('The key of sink "out" changed from ["a"] to ["c"].');
  });

  test.each<[string, Partial<Shape>]>([
    ["another change mode", { change: "retract" }],
    ["another key of updates", { key: ["b"] }],
    ["no event time", { timed: false }],
  ])("rows of %s for a step that keeps state", (_name, shape) => {
    const outputs: Does["outputs"] = ([input]) => [{ ...(input as Shape), ...shape }];
    const s = source("s", ints("a", "b", "c"));
    const f = operator("f", { ...reads("c"), outputs }, [s]);
    const group = operator("group", groups(["a"], ["b"]), [f]);
    const sentences = told(planOf(s, f, group, sink("out", group)));
    for (const sentence of sentences) expect(sentence).toContain('of inputs of step "group" changed');
    expect(sentences.at(-1)).toMatch(/^The (?:change|key|timed) of inputs of step "group" changed from /);
  });

  test("another exchange in front of a step that keeps state", () => {
    expect(told(plan({ does: { exchanges: ["single"] } }))).toContain(
      'The exchange of inputs of step "group" changed from ["a"] to "single".',
    );
  });

  test("other options of a sink", () => {
    const nodes = plan().nodes.map((node) =>
      node.kind === "sink" ? { ...node, spec: { ...node.spec, options: { path: "b" } } } : node,
    );
    expect(told({ ...plan(), nodes })).toEqual(['The path of sink "out" changed from nothing to "b".']);
  });

  test("a step that has another id", () => {
    expect(told(plan({ id: "renamed" }))).toEqual([
      'The step "group" is gone, but its state is there. If it is "renamed" now, say so: { renamedFrom: "group" }.',
    ]);
  });

  test("a source that is gone", () => {
    expect(difference(now, fingerprint(planOf()))).toContain(
      'The source "s" is gone, but its state is there. If it has another id now, say so there: { renamedFrom: "s" }.',
    );
  });
});

test("A lambda that has another text is named; one that was not there before is not", () => {
  const before = lambdaHashes({ a: "(o) => o.x", b: "(o) => o.y" });
  const lambdas = { a: "(o) => o.x", b: "(o) => o.z", c: "(o) => o.w" };
  expect(changedLambdas(before, { ...plan(), lambdas })).toEqual(["b"]);
  expect(changedLambdas(undefined, { ...plan(), lambdas })).toEqual([]);
});

test("What a plan has that an earlier one had not begins anew, and a sink that is gone is dropped", () => {
  const other = source("other", ints("a"));
  const [less, more] = [fingerprint(planOf()), fingerprint(planOf(other, sink("copy", other)))];
  expect(restartOf(less, more)).toEqual([
    { node: "other", kind: "source", verdict: "new", reasons: [] },
    { node: "copy", kind: "sink", verdict: "new", reasons: [] },
  ]);
  expect(restartOf(more, less)).toEqual([
    {
      node: "other",
      kind: "source",
      verdict: "refuse",
      reasons: [
        'The source "other" is gone, but its state is there. If it has another id now, say so there: { renamedFrom: "other" }.',
      ],
    },
    { node: "copy", kind: "sink", verdict: "drop", reasons: [] },
  ]);
});
