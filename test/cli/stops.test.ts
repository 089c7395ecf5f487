import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dataflow, newFolder, root, startDataflow } from "../command.ts";
import { goldOf, idsOf, someOrders, writeOrders } from "./order-lines.ts";
import { goldIn, idsIn } from "./tables.ts";
import { Started, until, windowsIn } from "./started.ts";
import { missingReaders } from "../outside-readers.ts";

const pipeline = join(root, "test/cli/orders.ts");
const ORDERS = 200;
const all = someOrders(0, ORDERS);

/** A run with --follow that takes its time, of which some is already delivered. */
async function startSlowly(env: Readonly<Record<string, string>>): Promise<{ folder: string; run: Started }> {
  const folder = newFolder("stopped");
  writeOrders(folder, "a.jsonl", all);
  const run = new Started(
    startDataflow(folder, ["run", pipeline, "--follow", "--json"], { ORDERS_ROW_MS: "10", ...env }),
  );
  await until("some rows are folded", async () => (await windowsIn(folder)).folded > 0);
  return { folder, run };
}

function expectAnswer(folder: string): void {
  expect(dataflow(folder, ["run", pipeline])).toMatchObject({ code: 0, stderr: "" });
  expect(goldIn(folder)).toEqual(goldOf(all));
  expect(idsIn(folder, "lake/bronze")).toEqual(idsOf(all));
}

describe.skipIf(missingReaders !== undefined)("a run that follows its input", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "delivers all it has read and ends at %s, with %d; the next run reads the rest",
    async (signal, exit) => {
      const { folder, run } = await startSlowly({ ORDERS_WITH: "rare-commits" });
      const { code, stdout, stderr } = await run.stop(signal);
      expect({ code, stderr }).toEqual({ code: exit, stderr: "" });
      const report = JSON.parse(stdout) as {
        readonly ended: string;
        readonly rowsRead: number;
        readonly sinks: readonly { readonly undeliveredBytes: number }[];
      };
      expect(report.ended).toBe("stopped");
      expect(report.rowsRead).toBeGreaterThan(0);
      expect(report.rowsRead).toBeLessThan(ORDERS);
      expect(report.sinks.every(({ undeliveredBytes }) => undeliveredBytes === 0)).toBe(true);
      expect(idsIn(folder, "lake/bronze")).toEqual(idsOf(all.slice(0, report.rowsRead)));
      expect(goldIn(folder)).toEqual(goldOf(all.slice(0, report.rowsRead)));
      expectAnswer(folder);
    },
  );

  test("ends at once at a second signal, without a report, and the next run recovers", async () => {
    const { folder, run } = await startSlowly({ DATAFLOW_PAUSE_MS: "400", ORDERS_WITH: "rare-commits" });
    await until("an epoch is stored", () => run.stderr.includes("step: checkpoint stored"));
    run.child.kill("SIGTERM");
    await until("it delivers", () => run.stderr.includes("step: staged"));
    const { code, stdout, stderr } = await run.stop("SIGINT");
    expect({ code, stdout }).toEqual({ code: 130, stdout: "" });
    expect(stderr).not.toContain("step: delivery recorded");
    expectAnswer(folder);
  });
});
