import { cpSync, existsSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { AdoptReport } from "@df/core/runtime/adopt";
import type { RunReport } from "@df/core/runtime/report";
import { Random } from "@df/testing/random";
import { beforeAll, describe, expect, test } from "vitest";
import { copiesOf, dataflow, newFolder, root, startDataflow, type Ended } from "../command.ts";
import { missingReaders } from "../outside-readers.ts";
import { goldOf, idsOf, someOrders, writeOrders } from "./order-lines.ts";
import { Started, until } from "./started.ts";
import { filesBelow, goldIn, idsIn } from "./tables.ts";

const pipeline = join(root, "test/cli/orders.ts");
const everyKind = join(root, "test/cli/adopt-pipeline.ts");
const state = ".dataflow/orders";
const all = someOrders(0, 120);

/** 40 orders are run. */
function begin(folder: string): void {
  writeOrders(folder, "a.jsonl", all.slice(0, 40));
  expect(dataflow(folder, ["run", pipeline])).toMatchObject({ code: 0, stderr: "" });
}

/** 40 more are run, and 40 come. */
function goOn(folder: string): void {
  writeOrders(folder, "a.jsonl", all.slice(40, 80));
  expect(dataflow(folder, ["run", pipeline])).toMatchObject({ code: 0, stderr: "" });
  writeOrders(folder, "a.jsonl", all.slice(80));
}

const begunFolder = copiesOf("adopt", begin);
const ranFolder = copiesOf("adopt", (folder) => {
  begin(folder);
  goOn(folder);
});

/** As in `ranFolder`, and the state of between was kept by `keep`. */
function keptFolder(keep: (folder: string) => void): string {
  const folder = begunFolder();
  keep(folder);
  goOn(folder);
  return folder;
}

function copyState(folder: string, to: string): void {
  cpSync(join(folder, state), join(folder, to), {
    recursive: true,
    filter: (path) => !path.endsWith(".sock"),
  });
}

function adopted(folder: string, more: readonly string[] = []): AdoptReport {
  const { code, stdout, stderr } = dataflow(folder, ["adopt", pipeline, "--json", ...more]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return JSON.parse(stdout) as AdoptReport;
}

function expectAnswer(folder: string, more: readonly string[] = []): void {
  expect(dataflow(folder, ["run", pipeline, ...more])).toMatchObject({ code: 0, stderr: "" });
  expect(idsIn(folder, "lake/bronze")).toEqual(idsOf(all));
  expect(goldIn(folder)).toEqual(goldOf(all));
}

/** Refused with these words and exit code 5; the lake is as it was. */
function expectRefused(folder: string, says: RegExp, command = "adopt", more: readonly string[] = []): Ended {
  const before = filesBelow(join(folder, "lake"));
  const ended = dataflow(folder, [command, pipeline, ...more]);
  expect(ended.stderr).toMatch(says);
  expect(ended).toMatchObject({ code: 5, stdout: "" });
  expect(filesBelow(join(folder, "lake"))).toEqual(before);
  return ended;
}

describe.skipIf(missingReaders !== undefined)("a state that is older than its targets", () => {
  test("is brought to them where it is a copy of before, and goes on; the newest state is then refused", () => {
    const folder = keptFolder((there) => copyState(there, "backup"));
    renameSync(join(folder, state), join(folder, "newest"));
    renameSync(join(folder, "backup"), join(folder, state));
    expectRefused(folder, /where it is lost, "dataflow adopt" brings .* \[DF_SINK_AHEAD\]\n$/, "run");
    const report = adopted(folder);
    expect(report.rowsRead).toBe(40);
    expect(report.sinks.map(({ sink }) => sink)).toEqual(["bronze", "gold"]);
    expectAnswer(folder);
    renameSync(join(folder, state), join(folder, "adopted"));
    renameSync(join(folder, "newest"), join(folder, state));
    expectRefused(folder, /was taken over: lineage .* \[DF_SINK_OTHER_LINEAGE\]\n$/, "run");
  });

  test("is brought to them where it begins from a savepoint", () => {
    const folder = keptFolder((there) => {
      expect(dataflow(there, ["savepoint", "create", "one"]).code).toBe(0);
    });
    const from = ["--from", join(state, "savepoints/one"), "--state-dir", "child"];
    expectRefused(folder, /"dataflow adopt" with the same --from .* \[DF_SINK_AHEAD\]\n$/, "run", from);
    expect(adopted(folder, from).rowsRead).toBe(40);
    expectAnswer(folder, from);
    // Others may begin from what has adopted.
    expect(dataflow(folder, ["savepoint", "create", "two", "--state-dir", "child"]).code).toBe(0);
    expectAnswer(folder, ["--from", "child/orders/savepoints/two", "--state-dir", "grandchild"]);
  });

  test("is brought to them where there is none any more: everything is read again, nothing is shown twice", () => {
    const folder = ranFolder();
    rmSync(join(folder, ".dataflow"), { recursive: true });
    expectRefused(folder, /where it is lost, "dataflow adopt" brings .* \[DF_SINK_OTHER_LINEAGE\]\n$/, "run");
    const before = filesBelow(join(folder, "lake"));
    expect(adopted(folder).rowsRead).toBe(80);
    expect(filesBelow(join(folder, "lake"))).toEqual(before);
    expectRefused(folder, /there is nothing to adopt\. .* \[DF_ADOPT_NOTHING\]\n$/);
    expectAnswer(folder);
  });

  test("is drained as the lost one was", () => {
    const folder = newFolder("adopt-drained");
    writeOrders(folder, "a.jsonl", all);
    expect(dataflow(folder, ["run", everyKind, "--drain"])).toMatchObject({ code: 0, stderr: "" });
    rmSync(join(folder, ".dataflow"), { recursive: true });
    expect(dataflow(folder, ["adopt", everyKind])).toMatchObject({ code: 0, stderr: "" });
    expect(dataflow(folder, ["run", everyKind]).stdout).toContain("drained before, and there is nothing new");
    writeOrders(folder, "a.jsonl", someOrders(120, 121));
    expect(dataflow(folder, ["run", everyKind]).stderr).toMatch(/\[DF_STATE_DRAINED\]\n$/);
  });

  test("is brought to them though it is killed again and again", async () => {
    const folder = ranFolder();
    rmSync(join(folder, ".dataflow"), { recursive: true });
    const random = new Random(3);
    for (let kill = 0; kill < 6; kill++) {
      const env = { ORDERS_ROW_MS: "10" };
      const run = new Started(startDataflow(folder, ["adopt", pipeline], env));
      const sqlite = join(folder, state, "state.sqlite");
      await until("there is a state", () => existsSync(sqlite));
      await setTimeout(random.below(500));
      await run.stop("SIGKILL");
    }
    // The last one may have come to its end.
    const { code, stderr } = dataflow(folder, ["adopt", pipeline]);
    expect(code === 0 ? "adopted" : stderr).toMatch(/^adopted$|\[DF_ADOPT_NOTHING\]\n$/);
    expectAnswer(folder);
  });
});

describe.skipIf(missingReaders !== undefined)("nothing is adopted, and no table is touched, where", () => {
  function lost(): string {
    const folder = ranFolder();
    rmSync(join(folder, ".dataflow"), { recursive: true });
    return folder;
  }

  test("the input was changed: both hashes are told, and the state does not run", () => {
    const folder = lost();
    const input = join(folder, "input/a.jsonl");
    writeFileSync(input, readFileSync(input, "utf8").replace('"amount":17,', '"amount":18,'));
    const { stderr } = expectRefused(
      folder,
      /"bronze" is not what its sources make of it: .*\[DF_ADOPT_DIFFERS\]\n$/,
    );
    expect(stderr).toMatch(/content hash [\da-f]{32}, and the target has [\da-f]{32}\./);
    expectRefused(folder, /has not ended\. Give the same .* again.* \[DF_ADOPT_UNFINISHED\]\n$/, "run");
    writeFileSync(
      input,
      readFileSync(input, "utf8").replace('"amount":18,"at":1699', '"amount":17,"at":1699'),
    );
  });

  test("the input is shorter than what is shown, or gone", () => {
    const folder = lost();
    const input = join(folder, "input/a.jsonl");
    const lines = readFileSync(input, "utf8").split("\n");
    writeFileSync(input, `${lines.slice(0, 70).join("\n")}\n`);
    expectRefused(folder, /split a\.jsonl up to .* ends before it\. .* \[DF_ADOPT_SOURCE\]\n$/);
    rmSync(join(folder, ".dataflow"), { recursive: true });
    renameSync(input, join(folder, "input/b.jsonl"));
    expectRefused(folder, /show rows of a\.jsonl, .* \[DF_ADOPT_SOURCE\]\n$/);
  });

  test("the pipeline was changed", () => {
    const folder = keptFolder((there) => copyState(there, "backup"));
    rmSync(join(folder, state), { recursive: true });
    renameSync(join(folder, "backup"), join(folder, state));
    const { code, stderr } = dataflow(folder, ["adopt", pipeline], { ORDERS_WITH: "wide-windows" });
    expect(stderr).toMatch(
      /changed from 1h to 2h\. Adopt with the pipeline as it was; .* \[DF_PLAN_CHANGED\]\n$/,
    );
    expect(code).toBe(5);
    rmSync(join(folder, state), { recursive: true });
    // Without a state nothing is known of the pipeline as it was: the hash tells.
    const wide = dataflow(folder, ["adopt", pipeline], { ORDERS_WITH: "wide-windows" });
    expect(wide.stderr).toMatch(
      /Sink "gold" |"gold" is not what its sources make of it.* \[DF_ADOPT_DIFFERS\]\n$/,
    );
    expect(wide.code).toBe(5);
  });
});

describe("a pipeline of final windows over several files, killed and without its state", () => {
  const hashes = (folder: string): Readonly<Record<string, string | undefined>> => {
    const { code, stdout, stderr } = dataflow(folder, ["run", everyKind, "--json", "--drain"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { sinks } = JSON.parse(stdout) as RunReport;
    return Object.fromEntries(sinks.map(({ sink, contentHash }) => [sink, contentHash]));
  };
  const fill = (folder: string): void => {
    // Three files, one of them far behind, with rows that are late in each.
    for (const [file, from] of Object.entries({ "a.jsonl": 0, "b.jsonl": 200, "c.jsonl": 100 })) {
      const rows = someOrders(from, from + 150);
      const late = someOrders(from, from + 5).map((row) => ({ ...row, id: `late-${file}-${row.id}` }));
      writeOrders(folder, file, [...rows, ...late, ...someOrders(from + 150, from + 180)]);
    }
  };

  let answer: ReturnType<typeof hashes>;
  beforeAll(() => {
    const alone = newFolder("adopt-alone");
    fill(alone);
    answer = hashes(alone);
  });

  test.each([11, 12, 13, 14])("comes to the answer of one that was left alone (seed %i)", async (seed) => {
    const killed = newFolder("adopt-killed");
    fill(killed);
    const run = new Started(startDataflow(killed, ["run", everyKind], { ORDERS_ROW_MS: "3" }));
    await until("something is shown", () =>
      existsSync(join(killed, "lake/bronze/_delta_log/00000000000000000001.json")),
    );
    await setTimeout(new Random(seed).below(1500));
    await run.stop("SIGKILL");
    rmSync(join(killed, ".dataflow"), { recursive: true });
    const { code, stderr } = dataflow(killed, ["adopt", everyKind]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(hashes(killed)).toEqual(answer);
  });
});
