import { describe, expect, test } from "vitest";
import { fingerprint, lambdaHashes } from "./fingerprint.ts";
import { groups, ints, operator, planOf, reads, sink, source } from "./plan-fixtures.ts";
import type { Plan } from "./plan.ts";
import { checkRenames, dueRenames } from "./renames.ts";
import { changedLambdas, restartOf } from "./restart.ts";

/** source → filter → group → sink, under some ids. */
function plan(ids: Partial<Record<"s" | "f" | "group" | "out", string>>, renamedFrom = {}): Plan {
  const s = source(ids.s ?? "s", ints("a", "b"));
  const f = operator(ids.f ?? "f", reads("b"), [s]);
  const group = operator(ids.group ?? "group", groups(["a"], ["b"]), [f]);
  return { ...planOf(s, f, group, sink(ids.out ?? "out", group)), renamedFrom };
}
const before = fingerprint(plan({}));
const restarts = (now: Plan) => restartOf(before, fingerprint(now), now);

describe("a plan that says what its nodes were called before", () => {
  const all = { s: "s2", f: "f2", group: "group2", out: "out2" };
  const renamed = plan(all, { s2: "s", f2: "f", group2: "group", out2: "out" });

  test("keeps what they have", () => {
    expect(restarts(renamed)).toEqual([
      { node: "s2", kind: "source", verdict: "keep", renamedFrom: "s", reasons: [] },
      { node: "group2", kind: "step", verdict: "keep", renamedFrom: "group", reasons: [] },
      { node: "out2", kind: "sink", verdict: "keep", renamedFrom: "out", reasons: [] },
    ]);
  });

  test("renames them, and steps without state that have a clock", () => {
    const due = dueRenames(renamed, restarts(renamed), { s: 1, f: 1, group: 1, out: null });
    expect([...due]).toEqual([
      ["s", "s2"],
      ["group", "group2"],
      ["out", "out2"],
      ["f", "f2"],
    ]);
  });

  test("goes on when that is done, and is told so", () => {
    const again = restartOf(fingerprint(renamed), fingerprint(renamed), renamed);
    expect(again.map(({ verdict }) => verdict)).toEqual(["keep", "keep", "keep"]);
    expect(again[0]?.note).toBe('renamedFrom: "s" is done and may be taken out');
    expect(dueRenames(renamed, again, { s2: 1, f2: 1 }).size).toBe(0);
  });

  test("is refused for what else has changed, under the new id", () => {
    const wider = plan({ ...all, group: "group2" }, renamed.renamedFrom);
    const nodes = wider.nodes.map((node) =>
      node.kind === "operator" && node.id === "group2"
        ? { ...node, spec: { ...node.spec, options: { size: 2 } } }
        : node,
    );
    expect(restarts({ ...wider, nodes })[1]).toMatchObject({
      verdict: "refuse",
      reasons: ['The size of step "group2" changed from nothing to 2.'],
    });
  });

  test("compares their lambdas with those of before", () => {
    const was = lambdaHashes({ f: "(o) => o.b", "group.where()": "(o) => o.a" });
    const lambdas = { f2: "(o) => o.c", "group2.where()": "(o) => o.a" };
    expect(changedLambdas(was, { ...renamed, lambdas })).toEqual(["f2"]);
  });
});

test("an id that the state does not know begins empty, with a note", () => {
  expect(restarts(plan({ out: "copy" }, { copy: "ouch" }))).toContainEqual({
    node: "copy",
    kind: "sink",
    verdict: "new",
    reasons: [],
    note: 'the state has no "ouch" that it could be renamed from',
  });
});

test("a node that has a state of its own is not given another one's", () => {
  const gone = plan({}, { group: "old" });
  const both = restartOf(before.replace('"stateful":{', '"stateful":{"old":{},'), fingerprint(gone), gone);
  expect(both[1]?.reasons).toEqual([
    'The step "group" is to go on with "old", but has a state of its own: take renamedFrom out.',
  ]);
});

test("a step cannot go on with what a sink had", () => {
  const odd = plan({ group: "counts", out: "other" }, { counts: "out" });
  expect(restarts(odd).flatMap(({ reasons }) => reasons)).toContain(
    'The step "counts" is to go on with "out", which was a sink.',
  );
});

test("a new sink that is written like one that is gone is pointed out", () => {
  expect(restarts(plan({ out: "copy" })).map(({ note }) => note)).toContain(
    'if it was "out" before, say so: { renamedFrom: "out" }',
  );
});

describe("a plan is refused", () => {
  test("where the old id is still there", () => {
    expect(() => checkRenames(plan({}, { group: "f" }))).toThrow(
      '"group" has renamedFrom: "f", but "f" is still in the pipeline, and the state cannot be of both. Give "f" another id, or take renamedFrom out.',
    );
  });

  test("where a node is renamed from itself", () => {
    expect(() => checkRenames(plan({}, { group: "group" }))).toThrow("Give the id that it had before");
  });

  test("where two nodes are renamed from one", () => {
    expect(() => checkRenames(plan({}, { group: "old", out: "old" }))).toThrow(
      '"group" and "out" both have renamedFrom: "old"',
    );
  });
});
