import { cpSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { describe, expect, test } from "vitest";
import { copiesOf, dataflow, newFolder, root, startDataflow, type Ended } from "../command.ts";
import { goldOf, idsOf, someOrders, writeOrders } from "./order-lines.ts";
import { filesBelow, goldIn, idsIn } from "./tables.ts";
import { Started, until } from "./started.ts";
import { deltaRows, missingReaders, python } from "../outside-readers.ts";

const pipeline = join(root, "test/cli/orders.ts");
const state = ".dataflow/orders";

/** A folder in which the first 50 orders have been run. */
const ranFolder = copiesOf("refused", runFirst);

function runFirst(folder: string, ...more: readonly string[]): void {
  writeOrders(folder, "a.jsonl", someOrders(0, 50));
  expect(runIn(folder, "", more)).toMatchObject({ code: 0, stderr: "" });
}

function runIn(folder: string, changes = "", more: readonly string[] = []): Ended {
  return dataflow(folder, ["run", pipeline, ...more], { ORDERS_WITH: changes });
}

/** The run is refused with these words, ends with 5, says nothing on standard output and leaves the lake as it was. */
function expectRefused(folder: string, says: RegExp, changes = "", more: readonly string[] = []): void {
  const before = filesBelow(join(folder, "lake"));
  const { code, stdout, stderr } = runIn(folder, changes, more);
  expect(stderr).toMatch(says);
  expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
  expect(stderr).not.toMatch(/\n\s+at /);
  expect(filesBelow(join(folder, "lake"))).toEqual(before);
}

/** Rows in a table to which rows are only added, by the statistics in its log. */
function appendedRows(folder: string, table: string): number {
  const log = filesBelow(join(folder, table, "_delta_log")).filter((path) => path.endsWith(".json"));
  const lines = log.flatMap((path) => readFileSync(path, "utf8").trimEnd().split("\n"));
  return lines.reduce((rows, line) => {
    const { add } = JSON.parse(line) as { readonly add?: { readonly stats: string } };
    return add === undefined ? rows : rows + (JSON.parse(add.stats) as { numRecords: number }).numRecords;
  }, 0);
}

/** Whoever opened the state last left its log behind it; a copy takes both. */
function copyState(from: string, to: string): void {
  cpSync(from, to, { recursive: true, filter: (path) => !path.endsWith(".sock") });
}

describe("a run is refused with exit code 5, and writes nothing, when", () => {
  test("its state was restored from an older copy, for the table knows more", () => {
    const folder = ranFolder();
    copyState(join(folder, state), join(folder, "backup"));
    writeOrders(folder, "a.jsonl", someOrders(50, 100));
    expect(runIn(folder).code).toBe(0);
    renameSync(join(folder, state), join(folder, "newest"));
    copyState(join(folder, "backup"), join(folder, state));
    expectRefused(
      folder,
      /^The target of sink "(bronze|gold)" shows epoch \d+, but this state knows only of \d+ .* Use the newest state directory; where it is lost, "dataflow adopt" .*--state-dir.* \[DF_SINK_AHEAD\]\n$/,
    );
    rmSync(join(folder, state), { recursive: true });
    renameSync(join(folder, "newest"), join(folder, state));
    expect(runIn(folder)).toMatchObject({ code: 0, stderr: "" });
  });

  test("its state was deleted and the table is still there", () => {
    const folder = ranFolder();
    rmSync(join(folder, ".dataflow"), { recursive: true });
    expectRefused(
      folder,
      /^The target of sink "bronze" was written by another state of pipeline "orders" \(lineage .*, epoch \d+\); this state is lineage .*give the sink a new target\. \[DF_SINK_OTHER_LINEAGE\]\n$/,
    );
  });

  test("its table was deleted", () => {
    const folder = ranFolder();
    rmSync(join(folder, "lake/gold"), { recursive: true });
    expectRefused(
      folder,
      /"\.\/lake\/gold" of sink "gold" was replaced .*it is gone.*new state directory.* \[DF_SINK_REPLACED\]\n$/,
    );
  });

  test("its table was deleted and made anew by another pipeline", () => {
    const folder = ranFolder();
    rmSync(join(folder, "lake"), { recursive: true });
    expect(runIn(folder, "other-name").code).toBe(0);
    expectRefused(
      folder,
      /"\.\/lake\/bronze" of sink "bronze" was replaced .*its id is .* \[DF_SINK_REPLACED\]\n$/,
    );
  });

  test.skipIf(missingReaders !== undefined)("its table was restored to an older version by its owner", () => {
    const folder = ranFolder();
    writeOrders(folder, "a.jsonl", someOrders(50, 100));
    expect(runIn(folder).code).toBe(0);
    python("test/interop/delta_restore.py", join(folder, "lake/bronze"), "0");
    expect(deltaRows(join(folder, "lake/bronze"))).toEqual([]);
    expectRefused(
      folder,
      /set the table back to version 0, which is before epoch \d+ .*new target\. \[DF_SINK_ROLLED_BACK\]\n$/,
    );
  });

  test("another pipeline's state lies in its place", () => {
    const folder = ranFolder();
    renameSync(join(folder, state), join(folder, ".dataflow/other"));
    expectRefused(
      folder,
      /state\.sqlite belongs to pipeline "orders", not "other"\. Give this one another --state-dir\. \[DF_STATE_OTHER_PIPELINE\]\n$/,
      "other-name",
    );
  });

  test("its state was copied, both copies have run, and the other one was first", () => {
    const folder = ranFolder();
    copyState(join(folder, ".dataflow"), join(folder, "copy"));
    writeOrders(folder, "a.jsonl", someOrders(50, 100));
    expect(runIn(folder).code).toBe(0);
    expectRefused(
      folder,
      /shows epoch \d+, but this state knows only of \d+ .*lost, copied or restored.* \[DF_SINK_AHEAD\]\n$/,
      "",
      ["--state-dir", "copy"],
    );
    expect(runIn(folder)).toMatchObject({ code: 0, stderr: "" });
  });

  test("its state was copied and both copies run at once, as soon as the other one has delivered", async () => {
    const folder = ranFolder();
    copyState(join(folder, ".dataflow"), join(folder, "copy"));
    writeOrders(folder, "a.jsonl", someOrders(50, 80));
    const env = { ORDERS_WITH: "rare-commits", ORDERS_ROW_MS: "200" };
    const slow = new Started(startDataflow(folder, ["run", pipeline, "--state-dir", "copy"], env));
    await until("the slow copy is past its checks", () =>
      existsSync(join(folder, "copy/orders/control.sock")),
    );
    slow.child.kill("SIGSTOP");
    expect(runIn(folder)).toMatchObject({ code: 0, stderr: "" });
    slow.child.kill("SIGCONT");
    const { code, stderr } = await slow.ended();
    expect(stderr).toMatch(/^The target of sink .* \[DF_SINK_(AHEAD|OTHER_LINEAGE)\]\n$/);
    expect(code).toBe(5);
    const report = JSON.parse(runIn(folder, "", ["--json"]).stdout) as {
      readonly ledger: readonly { readonly node: string; readonly rowsIn: number }[];
    };
    expect(report.ledger.find(({ node }) => node === "bronze")).toMatchObject({ rowsIn: 80 });
    expect(appendedRows(folder, "lake/bronze")).toBe(80);
  });

  test("it was drained and there is new input; without new input it ends at once and writes nothing", () => {
    const folder = newFolder("drained");
    runFirst(folder, "--drain");
    const before = filesBelow(join(folder, "lake"));
    const again = runIn(folder, "", ["--drain"]);
    expect(again).toMatchObject({ code: 0, stderr: "" });
    expect(again.stdout).toContain("orders: drained before, and there is nothing new. 0 rows read");
    expect(filesBelow(join(folder, "lake"))).toEqual(before);
    writeOrders(folder, "a.jsonl", someOrders(50, 51));
    expectRefused(
      folder,
      /^The pipeline "orders" was drained: .* Source "orders" has new rows in split a\.jsonl\. Start with a new state directory \(--state-dir\) and new targets.* \[DF_STATE_DRAINED\]\n$/,
    );
  });
});

describe("a changed pipeline", () => {
  test("is refused when its state or targets would mean something else, saying what changed, and runs when it is changed back", () => {
    const folder = ranFolder();
    writeOrders(folder, "a.jsonl", someOrders(50, 100));
    expectRefused(
      folder,
      /^The pipeline "orders" no longer fits its state in .*: .*step "per-hour" changed from 1h to 2h\. Undo the change, or start with a new state directory \(--state-dir\) and new targets\. Or leave "per-hour" and its sinks as they were, and put the changed step beside it, .* \[DF_PLAN_CHANGED\]\n$/,
      "wide-windows",
    );
    expectRefused(
      folder,
      /path of sink "bronze" changed from "\.\/lake\/bronze" to "\.\/lake\/b".* \[DF_PLAN_CHANGED\]\n$/,
      "other-path",
    );
    // A refused change leaves everything as it was, also what it would have removed.
    expectRefused(folder, /\[DF_PLAN_CHANGED\]\n$/, "wide-windows without-bronze");
    expect(runIn(folder)).toMatchObject({ code: 0, stderr: "" });
    expect(appendedRows(folder, "lake/bronze")).toBe(100);
  });

  test("goes on from its state when only the text of a lambda is another", () => {
    const folder = ranFolder();
    writeOrders(folder, "a.jsonl", someOrders(50, 100));
    const changed = dataflow(folder, ["run", pipeline, "--json"], { ORDERS_WITH: "other-lambda" });
    expect(changed.code).toBe(0);
    expect(changed.stderr).toMatch(
      /^Lambdas of pipeline "orders" have changed since its last checkpoint: .* Rows from now on see the new ones/,
    );
    expect(JSON.parse(changed.stdout)).toMatchObject({ rowsRead: 50 });
  });

  test("may gain a step that keeps state, which begins with the rows from then on, and may not lose it again", () => {
    const folder = ranFolder();
    writeOrders(folder, "a.jsonl", someOrders(50, 100));
    const gained = runIn(folder, "more-state", ["--json"]);
    expect(gained.code).toBe(0);
    expect(gained.stderr).toContain(
      'since its last checkpoint: step "per-day", sink "days". What is new begins with rows from now on',
    );
    const { ledger } = JSON.parse(gained.stdout) as {
      readonly ledger: readonly { readonly node: string; readonly rowsIn: number }[];
    };
    expect(ledger.find(({ node }) => node === "per-day")).toMatchObject({ rowsIn: 50 });
    expect(ledger.find(({ node }) => node === "per-hour")).toMatchObject({ rowsIn: 100 });
    expectRefused(folder, /The step "per-day" is gone, but its state is there\..* \[DF_PLAN_CHANGED\]\n$/);
  });

  test("may not get a removed sink back on its old target, which lacks what came between", () => {
    const folder = ranFolder();
    writeOrders(folder, "a.jsonl", someOrders(50, 100));
    expect(runIn(folder, "without-bronze")).toMatchObject({ code: 0, stderr: "" });
    expectRefused(
      folder,
      /sink "bronze".*taken out of the pipeline and put back.*new id and a new target.* \[DF_SINK_AHEAD\]\n$/,
    );
    expect(runIn(folder, "without-bronze")).toMatchObject({ code: 0, stderr: "" });
  });
});

describe.skipIf(missingReaders !== undefined)("what is decided is delivered", () => {
  test("to a sink that was removed while it held rows, before the pipeline goes on without it", async () => {
    const folder = newFolder("removed");
    writeOrders(folder, "a.jsonl", someOrders(0, 200));
    const env = { ORDERS_WITH: "rare-commits", ORDERS_ROW_MS: "3", DATAFLOW_PAUSE_MS: "1" };
    const run = new Started(startDataflow(folder, ["run", pipeline], env));
    await until("three epochs are stored", () => run.stderr.split("step: checkpoint stored").length > 3);
    const { stderr } = await run.stop("SIGKILL");
    expect(stderr).not.toContain("step: committed");
    expect(idsIn(folder, "lake/bronze")).toEqual([]);
    const status = JSON.parse(dataflow(folder, ["status", "--json"]).stdout) as {
      readonly pid: number | null;
      readonly ledger: readonly { readonly node: string; readonly rowsIn: number }[];
    };
    expect(status.pid).toBe(null);
    const held = status.ledger.find(({ node }) => node === "bronze")?.rowsIn ?? 0;
    expect(held).toBeGreaterThan(0);
    expect(runIn(folder, "without-bronze")).toMatchObject({ code: 0, stderr: "" });
    expect(idsIn(folder, "lake/bronze")).toEqual(idsOf(someOrders(0, held)));
    expect(goldIn(folder)).toEqual(goldOf(someOrders(0, 200)));
    // Its table may go now: nobody asks for it any more.
    rmSync(join(folder, "lake/bronze"), { recursive: true });
    expect(runIn(folder, "without-bronze")).toMatchObject({ code: 0, stderr: "" });
  });

  test("by the next run when a drained one dies between its last checkpoint and its last delivery, also if new input is refused", async () => {
    const folder = newFolder("drained");
    writeOrders(folder, "a.jsonl", someOrders(0, 20));
    const env = { ORDERS_WITH: "rare-commits", DATAFLOW_PAUSE_MS: "300" };
    const run = new Started(startDataflow(folder, ["run", pipeline, "--drain"], env));
    await until("the drained epoch is stored", () => {
      const path = join(folder, state, "state.sqlite-wal");
      return run.stderr.includes("step: checkpoint stored") && readFileSync(path).includes('"drained":true');
    });
    const { stderr } = await run.stop("SIGKILL");
    expect(stderr).not.toContain("step: committed");
    writeOrders(folder, "a.jsonl", someOrders(20, 30));
    const next = runIn(folder);
    expect(next.stderr).toMatch(/ \[DF_STATE_DRAINED\]\n$/);
    expect(next).toMatchObject({ code: 5, stdout: "" });
    expect(goldIn(folder)).toEqual(goldOf(someOrders(0, 20)));
    expect(idsIn(folder, "lake/bronze")).toEqual(idsOf(someOrders(0, 20)));
  });
});

test("a state of a newer format is refused, naming both formats", () => {
  const folder = ranFolder();
  const db = new DatabaseSync(join(folder, state, "state.sqlite"));
  db.exec("UPDATE meta SET value = '99' WHERE name = 'format_version'");
  db.close();
  expectRefused(folder, /has format 99; this dataflow reads formats 2 to 5\. .* \[DF_STATE_FORMAT\]\n$/);
});
