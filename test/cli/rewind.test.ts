import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Savepoint } from "@df/core/checkpoint/savepoint";
import { describe, expect, test } from "vitest";
import { dataflow, newFolder, root, startDataflow } from "../command.ts";
import { missingReaders, python } from "../outside-readers.ts";
import { goldOf, idsOf, someOrders, writeOrders } from "./order-lines.ts";
import { Started, until } from "./started.ts";
import { goldIn, idsIn } from "./tables.ts";

const pipeline = join(root, "test/cli/orders.ts");
const kept = { ORDERS_HISTORY: "1ms" };
const days = [0, 30, 60, 90].map((from) => someOrders(from, from + 30));
const all = days.flat();

interface Rewound {
  readonly epoch: number;
  readonly targets: readonly { readonly sink: string; readonly version: string }[];
}

function list(folder: string): readonly Savepoint[] {
  const { stdout } = dataflow(folder, ["savepoint", "list", "--json"]);
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Savepoint);
}

/** Four runs, a day's orders each. */
function ranFolder(env: Readonly<Record<string, string>> = kept): string {
  const folder = newFolder("rewind");
  for (const day of days) {
    writeOrders(folder, "a.jsonl", day);
    expect(dataflow(folder, ["run", pipeline], { ORDERS_WITH: "rare-checkpoints", ...env })).toMatchObject({
      code: 0,
      stderr: "",
    });
  }
  return folder;
}

describe.skipIf(missingReaders !== undefined)("a pipeline that keeps a history", () => {
  test("goes back to the end of an earlier run, in tables that are restored to then, and comes to its answer", () => {
    const folder = ranFolder();
    const [, , second] = list(folder);
    const to = second?.created ?? "";
    const { code, stdout, stderr } = dataflow(folder, ["rewind", "--to", to, "--into", "back", "--json"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    const { epoch, targets } = JSON.parse(stdout) as Rewound;
    expect(epoch).toBe(second?.epoch);
    const ahead = dataflow(folder, ["run", pipeline, "--state-dir", "back"]);
    expect(ahead.stderr).toMatch(
      /restore version \d+, which shows what the savepoint has\. \[DF_SINK_AHEAD\]\n$/,
    );
    for (const { sink, version } of targets)
      python("test/interop/delta_restore.py", join(folder, "lake", sink), version);
    expect(idsIn(folder, "lake/bronze")).toEqual(idsOf(days.slice(0, 2).flat()));
    expect(dataflow(folder, ["run", pipeline, "--state-dir", "back"])).toMatchObject({ code: 0, stderr: "" });
    expect(idsIn(folder, "lake/bronze")).toEqual(idsOf(all));
    expect(goldIn(folder)).toEqual(goldOf(all));
  });

  test("keeps the newest, as many as it says, and those that were asked for", () => {
    const folder = newFolder("rewind-kept");
    const env = { ...kept, ORDERS_WITH: "rare-checkpoints", ORDERS_KEEP: "2" };
    for (const day of days) {
      writeOrders(folder, "a.jsonl", day);
      expect(dataflow(folder, ["run", pipeline], env).code).toBe(0);
      // The first time only: then the name is taken.
      dataflow(folder, ["savepoint", "create", "mine"]);
    }
    const epochs = list(folder).map(({ epoch }) => epoch);
    expect(list(folder).map(({ automatic }) => automatic === true)).toEqual([true, true, false]);
    expect(epochs).toEqual(epochs.toSorted((a, b) => b - a));
  });

  test("keeps it also while it runs", async () => {
    const folder = newFolder("rewind-running");
    writeOrders(folder, "a.jsonl", all);
    const env = { ORDERS_HISTORY: "100ms", ORDERS_ROW_MS: "20" };
    const run = new Started(startDataflow(folder, ["run", pipeline, "--follow"], env));
    const there = join(folder, ".dataflow/orders/savepoints");
    await until("there are two", () => {
      try {
        return readdirSync(there).filter((name) => name.startsWith("auto-")).length >= 2;
      } catch {
        return false;
      }
    });
    await run.stop("SIGKILL");
    expect(dataflow(folder, ["run", pipeline])).toMatchObject({ code: 0, stderr: "" });
    expect(goldIn(folder)).toEqual(goldOf(all));
  });
});

test("what is no time, lies before all savepoints, or has no room is refused, and nothing is made", () => {
  const folder = newFolder("rewind-refused");
  writeOrders(folder, "a.jsonl", all);
  expect(dataflow(folder, ["run", pipeline]).code).toBe(0);
  const rewind = (to: string, into = "back"): string => {
    const { code, stderr } = dataflow(folder, ["rewind", "--to", to, "--into", into]);
    expect(code).toBe(into === "back" ? 2 : 5);
    return stderr;
  };
  expect(rewind("3")).toMatch(/is as old as 3\. There are none: stateHistory .* \[DF_REWIND_TOO_FAR\]\n$/);
  expect(dataflow(folder, ["savepoint", "create", "one"]).code).toBe(0);
  expect(rewind("yesterday")).toMatch(/--to is "yesterday"\. It is an epoch, .* \[DF_USAGE\]\n$/);
  expect(rewind("2020-01-01")).toMatch(/The oldest, "one", is of epoch \d+ .* \[DF_REWIND_TOO_FAR\]\n$/);
  expect(rewind("100000", ".dataflow")).toMatch(
    /a state already in .*Name a new directory .* \[DF_STATE_EXISTS\]\n$/,
  );
  writeFileSync(join(folder, ".dataflow/orders/savepoints/one/savepoint.json"), "{}");
  expect(rewind("100000")).toMatch(/There are none/);
});
