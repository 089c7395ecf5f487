import { existsSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { copiesOf, dataflow, root, type Ended } from "../command.ts";
import { deltaVersion, missingReaders, python } from "../outside-readers.ts";
import { goldOf, idsOf, someOrders, writeOrders } from "./order-lines.ts";
import { filesBelow, goldIn, idsIn } from "./tables.ts";

const pipeline = join(root, "test/cli/orders.ts");
const savepoint = ".dataflow/orders/savepoints/before";
const SAVED = 40;
const all = someOrders(0, 100);

let folder = "";
/** The last epoch of the savepoint: a table may show an earlier one, and nothing of those behind it. */
let savedEpoch = 0;

/** A folder in which 40 orders were run, a savepoint was taken, and 60 more have come. */
const savedFolder = copiesOf("from", runFirst);

function runFirst(fresh: string): void {
  writeOrders(fresh, "a.jsonl", all.slice(0, SAVED));
  expect(dataflow(fresh, ["run", pipeline])).toMatchObject({ code: 0, stderr: "" });
  const { stdout } = dataflow(fresh, ["savepoint", "create", "before", "--json"]);
  savedEpoch = (JSON.parse(stdout) as { epoch: number }).epoch;
  writeOrders(fresh, "a.jsonl", all.slice(SAVED));
}

function save(): void {
  folder = savedFolder();
}

function run(more: readonly string[], changes = ""): Ended {
  return dataflow(folder, ["run", pipeline, ...more], { ORDERS_WITH: changes });
}

function from(stateDir = "child"): readonly string[] {
  return ["--from", savepoint, "--state-dir", stateDir];
}

/** The run is refused with these words, and leaves the lake as it was. */
function expectRefused(says: RegExp, more: readonly string[], changes = ""): void {
  const before = filesBelow(join(folder, "lake"));
  const { code, stdout, stderr } = run(more, changes);
  expect(stderr).toMatch(says);
  expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
  expect(filesBelow(join(folder, "lake"))).toEqual(before);
}

/** The marker in the last commit of a table. */
function markerIn(table: string): {
  readonly lineage: string;
  readonly epoch: number;
  readonly parent?: { readonly lineage: string; readonly epoch: number };
} {
  const log = join(folder, table, "_delta_log");
  const last = readdirSync(log)
    .filter((name) => name.endsWith(".json"))
    .toSorted()
    .at(-1);
  const info = readFileSync(join(log, last ?? ""), "utf8")
    .split("\n")
    .find((line) => line.includes('"dataflow"'));
  const { commitInfo } = JSON.parse(info ?? "{}") as { commitInfo: { dataflow: never } };
  return commitInfo.dataflow;
}

describe.skipIf(missingReaders !== undefined)("begun from a savepoint, a pipeline", () => {
  test("goes on in the parent's targets, whose markers prove the lineage; the parent is told who took them over", () => {
    save();
    const parent = markerIn("lake/gold");
    expect(parent.parent).toBeUndefined();
    expect(run(from())).toMatchObject({ code: 0, stderr: "" });
    expect(idsIn(folder, "lake/bronze")).toEqual(idsOf(all));
    expect(goldIn(folder)).toEqual(goldOf(all));
    const child = markerIn("lake/gold");
    expect(child.lineage).not.toBe(parent.lineage);
    expect(child.parent).toEqual({ lineage: parent.lineage, epoch: savedEpoch });
    expectRefused(
      /was taken over: lineage .* goes on from epoch \d+ of this one, .*\[DF_SINK_OTHER_LINEAGE\]\n$/,
      [],
    );
    // A second child finds the first.
    expectRefused(/was written by another state .*\[DF_SINK_OTHER_LINEAGE\]\n$/, from("second"));
  });

  test("may be started with the same words again; a state that is not of this savepoint is left alone", () => {
    save();
    expect(run(from())).toMatchObject({ code: 0, stderr: "" });
    writeOrders(folder, "a.jsonl", someOrders(100, 110));
    const again = run([...from(), "--json"]);
    expect(JSON.parse(again.stdout)).toMatchObject({ rowsRead: 10 });
    expect(dataflow(folder, ["savepoint", "create", "other", "--state-dir", "child"]).code).toBe(0);
    const other = ["--from", "child/orders/savepoints/other"];
    expectRefused(/There is a state already, .* \[DF_STATE_EXISTS\]\n$/, other);
    // A child of the child goes on in its turn.
    writeOrders(folder, "a.jsonl", someOrders(110, 120));
    expect(run([...other, "--state-dir", "grandchild"])).toMatchObject({ code: 0, stderr: "" });
    expect(goldIn(folder)).toEqual(goldOf(someOrders(0, 120)));
  });

  test("is refused where the parent has gone on, until the owner restores its tables to the savepoint", () => {
    save();
    const tables = ["lake/bronze", "lake/gold"].map((table) => join(folder, table));
    const versions = tables.map((table) => String(deltaVersion(table)));
    expect(run([])).toMatchObject({ code: 0, stderr: "" });
    expectRefused(
      /gone on since its savepoint\. Give the sink a new target, .* \[DF_SINK_AHEAD\]\n$/,
      from(),
    );
    tables.forEach((table, index) => python("test/interop/delta_restore.py", table, versions[index] ?? ""));
    expect(idsIn(folder, "lake/bronze")).toEqual(idsOf(all.slice(0, SAVED)));
    expect(run(from())).toMatchObject({ code: 0, stderr: "" });
    expect(idsIn(folder, "lake/bronze")).toEqual(idsOf(all));
    expect(goldIn(folder)).toEqual(goldOf(all));
    expect(run(from())).toMatchObject({ code: 0, stderr: "" });
    expectRefused(/\[DF_SINK_(OTHER_LINEAGE|ROLLED_BACK)\]\n$/, []);
  });

  test("is refused where a table was restored to before the savepoint, or to behind it", () => {
    save();
    const bronze = join(folder, "lake/bronze");
    const saved = deltaVersion(bronze);
    expect(run([], "without-gold")).toMatchObject({ code: 0, stderr: "" });
    writeOrders(folder, "a.jsonl", someOrders(100, 120));
    expect(run([], "without-gold")).toMatchObject({ code: 0, stderr: "" });
    python("test/interop/delta_restore.py", bronze, String(saved + 1));
    expectRefused(
      /"bronze" shows epoch \d+ .* gone on since its savepoint\. .*\[DF_SINK_AHEAD\]\n$/,
      from("behind"),
    );
    python("test/interop/delta_restore.py", bronze, "0");
    expectRefused(/\[DF_SINK_(ROLLED_BACK|BEHIND)\]\n$/, from("before"));
  });

  test("fills new targets with what comes after the savepoint, and says so; the parent goes on in its own", () => {
    save();
    renameSync(join(folder, "lake"), join(folder, "lake-of-parent"));
    const begun = run(from());
    expect(begun.code).toBe(0);
    for (const sink of ["bronze", "gold"])
      expect(begun.stderr).toContain(
        `target of sink "${sink}" is new: it will show what changes after epoch `,
      );
    expect(idsIn(folder, "lake/bronze")).toEqual(idsOf(all.slice(SAVED)));
    // Windows that change are shown whole: the state has what the rows before have made of them.
    const changed = new Set(goldOf(all));
    expect(goldIn(folder).every((row) => changed.has(row))).toBe(true);
    expect(run(from())).toMatchObject({ code: 0, stderr: "" });
    renameSync(join(folder, "lake"), join(folder, "lake-of-child"));
    renameSync(join(folder, "lake-of-parent"), join(folder, "lake"));
    expect(run([])).toMatchObject({ code: 0, stderr: "" });
    expect(goldIn(folder)).toEqual(goldOf(all));
  });

  test("is refused for one of its targets, and knows the others as before when it is started again", () => {
    save();
    renameSync(join(folder, "lake/bronze"), join(folder, "bronze"));
    expect(run([], "without-bronze")).toMatchObject({ code: 0, stderr: "" });
    const refused = run(from());
    expect(refused.stderr).toMatch(
      /"gold" shows epoch .* gone on since its savepoint\. .* \[DF_SINK_AHEAD\]\n$/,
    );
    expect(refused.code).toBe(5);
    renameSync(join(folder, "lake/bronze"), join(folder, "made-by-the-refused"));
    renameSync(join(folder, "bronze"), join(folder, "lake/bronze"));
    renameSync(join(folder, "lake/gold"), join(folder, "gold"));
    const begun = run(from());
    expect(begun.stderr).not.toContain('"bronze" is new');
    expect(begun).toMatchObject({ code: 0 });
    expect(idsIn(folder, "lake/bronze")).toEqual(idsOf(all));
  });

  test("may have sinks with other targets, which are new; a changed step is refused", () => {
    save();
    const plan = (changes: string): Ended =>
      dataflow(folder, ["plan", pipeline, "--from", savepoint], { ORDERS_WITH: changes });
    expect(plan("other-path")).toMatchObject({ code: 0 });
    expect(plan("other-path").stdout).toMatch(
      /bronze +new +The path of sink "bronze" changed .*\n +It begins empty, on a new target\./,
    );
    expect(plan("wide-windows")).toMatchObject({ code: 5 });
    expectRefused(
      /step "per-hour" changed from 1h to 2h\. .* \[DF_PLAN_CHANGED\]\n$/,
      from("wide"),
      "wide-windows",
    );
    const begun = run(from(), "other-path");
    expect(begun.code).toBe(0);
    expect(begun.stderr).toContain('target of sink "bronze" is new');
    expect(begun.stderr).not.toContain('target of sink "gold" is new');
    expect(idsIn(folder, "lake/b")).toEqual(idsOf(all.slice(SAVED)));
    expect(goldIn(folder)).toEqual(goldOf(all));
    // From here on a change of the target is what it is to any state.
    expectRefused(/\[DF_PLAN_CHANGED\]\n$/, from());
  });
});

test.each(["state.sqlite-wal", "held-2-7.frames"])(
  "a state directory with a part of a state that is gone, %s, is refused and left as it is",
  (part) => {
    save();
    // As kill -9 leaves it.
    writeFileSync(join(folder, ".dataflow/orders", part), "rows of epochs that are not in the savepoint");
    rmSync(join(folder, ".dataflow/orders/state.sqlite"));
    const before = filesBelow(join(folder, ".dataflow"));
    const refused = new RegExp(`part of another state is left .*/${part}, .* \\[DF_STATE_EXISTS\\]\n$`);
    expectRefused(refused, ["--from", savepoint]);
    expect(filesBelow(join(folder, ".dataflow"))).toEqual(before);
  },
);

test("a savepoint of another pipeline, or none, is refused, and no state is made", () => {
  save();
  expectRefused(
    /is of pipeline "orders", not "other"\..* \[DF_SAVEPOINT_OTHER_PIPELINE\]\n$/,
    from(),
    "other-name",
  );
  expect(run(["--from", "nowhere", "--state-dir", "child"])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/no savepoint at .*nowhere: .*\[DF_NO_SAVEPOINT\]\n$/) as string,
  });
  expect(existsSync(join(folder, "child"))).toBe(false);
});
