import { existsSync, readdirSync, readFileSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { Savepoint } from "@df/core/checkpoint/savepoint";
import { Random } from "@df/testing/random";
import { describe, expect, test } from "vitest";
import { copiesOf, dataflow, newFolder, root, startDataflow } from "../command.ts";
import { missingReaders } from "../outside-readers.ts";
import { goldOf, idsOf, someOrders, writeOrders } from "./order-lines.ts";
import { Started, statusIn, until, windowsIn } from "./started.ts";
import { goldIn, idsIn } from "./tables.ts";

const pipeline = join(root, "test/cli/orders.ts");
const kept = ".dataflow/orders/savepoints";

/** A folder in which the first 20 orders have been run. */
const ranFolder = copiesOf("savepoints", runFirst);

function runFirst(folder: string): void {
  writeOrders(folder, "a.jsonl", someOrders(0, 20));
  expect(dataflow(folder, ["run", pipeline])).toMatchObject({ code: 0, stderr: "" });
}

/** Savepoints that were begun and have no name yet. */
function draftsIn(folder: string): string[] {
  const all = join(folder, kept);
  return existsSync(all) ? readdirSync(all).filter((name) => name.startsWith(".")) : [];
}

function create(folder: string, name: string): void {
  expect(dataflow(folder, ["savepoint", "create", name])).toMatchObject({ code: 0, stderr: "" });
}

/** What is listed, and can be used or not. */
function listed(
  folder: string,
): readonly (Savepoint & { readonly path: string; readonly damage?: string })[] {
  const { code, stdout, stderr } = dataflow(folder, ["savepoint", "list", "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  return stdout
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Savepoint & { readonly path: string });
}

describe("of a pipeline that does not run, a savepoint", () => {
  test("is made, listed with its path, and deleted; a name is given once, and is that of a folder", () => {
    const folder = ranFolder();
    const { code, stdout } = dataflow(folder, ["savepoint", "create", "one"]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^orders: savepoint "one" of epoch \d+, [\d,]+ bytes\.\n/);
    expect(stdout).toContain(`Begin from it: dataflow run FILE --from ${kept}/one --state-dir NEW\n`);
    expect(dataflow(folder, ["savepoint", "create"]).code).toBe(0);
    expect(listed(folder).map(({ name }) => name)).toEqual([expect.stringMatching(/^\d{4}-.*Z$/), "one"]);
    expect(dataflow(folder, ["savepoint", "list"]).stdout).toMatch(/\n +one +\d+ .* \.dataflow\S+\/one\n/);
    const again = dataflow(folder, ["savepoint", "create", "one"]);
    expect(again).toMatchObject({ code: 2, stdout: "" });
    expect(again.stderr).toMatch(/already: .*dataflow savepoint delete one \[DF_SAVEPOINT_EXISTS\]\n$/);
    for (const name of ["../one", ".one", "a/b", ""])
      expect(dataflow(folder, ["savepoint", "create", name])).toMatchObject({
        code: 2,
        stderr: expect.stringContaining("[DF_SAVEPOINT_NAME]") as string,
      });
    expect(dataflow(folder, ["savepoint", "delete", "one"])).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(join(folder, kept, "one"))).toBe(false);
    expect(dataflow(folder, ["savepoint", "delete", "one"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("[DF_NO_SAVEPOINT]") as string,
    });
  });

  test("is refused where there is no state, no checkpoint, or more than one pipeline and none is named", () => {
    const folder = newFolder("savepoints-none");
    expect(dataflow(folder, ["savepoint", "create"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("holds no state of a pipeline") as string,
    });
    expect(dataflow(folder, ["run", pipeline])).toMatchObject({ code: 1 });
    expect(dataflow(folder, ["savepoint", "create"])).toMatchObject({
      code: 2,
      stderr: expect.stringContaining("[DF_SAVEPOINT_EMPTY]") as string,
    });
    expect(readdirSync(join(folder, kept))).toEqual([]);
    const other = { ORDERS_WITH: "other-name" };
    rmSync(join(folder, "lake"), { recursive: true });
    writeOrders(folder, "a.jsonl", someOrders(0, 5));
    expect(dataflow(folder, ["run", pipeline], other).code).toBe(0);
    const both = dataflow(folder, ["savepoint", "create"]);
    expect(both.stderr).toMatch(/states of "orders", "other"\. Say which is meant: --pipeline orders/);
    expect(dataflow(folder, ["savepoint", "create", "--pipeline", "other"]).code).toBe(0);
    expect(dataflow(folder, ["savepoint", "create", "--pipeline", "no"]).code).toBe(2);
  });

  test("that is damaged is listed as that, and refused when something begins from it, which leaves nothing", () => {
    const folder = ranFolder();
    const damage: Readonly<Record<string, (path: string) => void>> = {
      "a byte": (path) => {
        const bytes = readFileSync(join(path, "state.sqlite"));
        bytes[bytes.length >> 1] = ~(bytes[bytes.length >> 1] ?? 0);
        writeFileSync(join(path, "state.sqlite"), bytes);
      },
      "the end": (path) => truncateSync(join(path, "state.sqlite"), 4096),
      "the copy": (path) => rmSync(join(path, "state.sqlite")),
      "the words": (path) => writeFileSync(join(path, "savepoint.json"), '{"format":1}'),
    };
    for (const [name, harm] of Object.entries(damage)) {
      const given = name.replace(" ", "-");
      create(folder, given);
      harm(join(folder, kept, given));
      const from = ["--from", join(kept, given), "--state-dir", "new"];
      for (const command of ["run", "plan"]) {
        const { code, stdout, stderr } = dataflow(folder, [command, pipeline, ...from]);
        expect(stderr).toMatch(/ is damaged: .* \[DF_SAVEPOINT_DAMAGED\]\n$/);
        expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
      }
    }
    expect(existsSync(join(folder, "new/orders/state.sqlite"))).toBe(false);
    // Its checksum is looked at when it is used.
    const damages = new Map(listed(folder).map(({ name, damage: what }) => [name, what !== undefined]));
    expect(Object.fromEntries(damages)).toEqual({
      "a-byte": false,
      "the-end": true,
      "the-copy": true,
      "the-words": true,
    });
    expect(dataflow(folder, ["savepoint", "delete", "the-copy"]).code).toBe(0);
  });

  test("whose making is killed at any moment is there whole or not at all", async () => {
    const folder = ranFolder();
    const random = new Random(7);
    for (let kill = 0; kill < 12; kill++) {
      const run = new Started(startDataflow(folder, ["savepoint", "create", `k-${kill}`]));
      let isOver = false;
      void run.ended().then(() => (isOver = true));
      await until("it writes", () => isOver || draftsIn(folder).length > 0);
      await setTimeout(random.below(12));
      await run.stop("SIGKILL");
    }
    const there = listed(folder);
    expect(there.map(({ damage }) => damage)).toEqual(there.map(() => undefined));
    create(folder, "last");
    expect(draftsIn(folder)).toEqual([]);
    for (const { name } of there.slice(0, 3))
      expect(dataflow(folder, ["plan", pipeline, "--from", join(kept, name)]).code).toBe(0);
    expect(dataflow(folder, ["run", pipeline])).toMatchObject({ code: 0, stderr: "" });
  });
});

describe.skipIf(missingReaders !== undefined)(
  "what a savepoint has is shown by its targets, when it is taken",
  () => {
    const all = someOrders(0, 200);
    const more = someOrders(200, 800);
    const slow = { ORDERS_WITH: "rare-commits", ORDERS_ROW_MS: "5" };

    test("of a pipeline that was killed while it held rows", async () => {
      const folder = newFolder("savepoints-held");
      writeOrders(folder, "a.jsonl", all);
      const run = new Started(startDataflow(folder, ["run", pipeline], { ...slow, DATAFLOW_PAUSE_MS: "1" }));
      await until("three epochs are stored", () => run.stderr.split("step: checkpoint stored").length > 3);
      await run.stop("SIGKILL");
      expect(idsIn(folder, "lake/bronze")).toEqual([]);
      create(folder, "held");
      const rows = idsIn(folder, "lake/bronze").length;
      expect(rows).toBeGreaterThan(0);
      expect(goldIn(folder)).toEqual(goldOf(all.slice(0, rows)));
      // Begun from it on the same targets, the pipeline comes to its answer.
      const child = ["run", pipeline, "--from", join(kept, "held"), "--state-dir", "child"];
      expect(dataflow(folder, child)).toMatchObject({ code: 0, stderr: "" });
      expect(idsIn(folder, "lake/bronze")).toEqual(idsOf(all));
      expect(goldIn(folder)).toEqual(goldOf(all));
    });

    test("of a pipeline that runs, which goes on; what is begun from it takes over where that one is killed", async () => {
      const folder = newFolder("savepoints-running");
      writeOrders(folder, "a.jsonl", all);
      const run = new Started(startDataflow(folder, ["run", pipeline, "--follow"], slow));
      await until("some rows are folded", async () => (await windowsIn(folder)).folded > 0);
      create(folder, "first");
      const first = idsIn(folder, "lake/bronze").length;
      expect(first).toBeGreaterThan(0);
      expect(goldIn(folder)).toEqual(goldOf(all.slice(0, first)));
      const before = (await statusIn(folder))?.rowsRead ?? 0;
      writeOrders(folder, "a.jsonl", more);
      await until("it goes on", async () => ((await statusIn(folder))?.rowsRead ?? 0) > before);
      create(folder, "second");
      const second = idsIn(folder, "lake/bronze").length;
      expect(second).toBeGreaterThan(first);
      await run.stop("SIGKILL");
      const from = (name: string): readonly string[] => ["--from", join(kept, name), "--state-dir", name];
      const late = dataflow(folder, ["run", pipeline, ...from("first")]);
      expect(late.stderr).toMatch(/pipeline has gone on since its savepoint.* \[DF_SINK_AHEAD\]\n$/);
      expect(late.code).toBe(5);
      expect(dataflow(folder, ["run", pipeline, ...from("second")])).toMatchObject({ code: 0, stderr: "" });
      expect(idsIn(folder, "lake/bronze")).toEqual(idsOf([...all, ...more]));
      expect(goldIn(folder)).toEqual(goldOf([...all, ...more]));
    });
  },
);
