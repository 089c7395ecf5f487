import { cpSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dataflow, newFolder, startDataflow } from "../command.ts";
import { fencesOf } from "../docs/markdown.ts";
import { Started, until } from "./started.ts";

/** A pipeline with some of its parts replaced. */
function write(folder: string, ...changes: readonly (readonly [find: string, replace: string])[]): void {
  let text = `
    import { pipeline, t, tumbling } from "dataflow";
    import { files, filesSink, jsonLines } from "dataflow/files";
    import { json } from "dataflow/json";
    const Sale = t.row({ shop: t.string(), cents: t.int64(), at: t.timestamp() });
    export default pipeline("sales", (p) => {
      const sales = p
        .from("sales", files({ path: "in.jsonl", decode: json(Sale) }), { eventTime: "at", maxOutOfOrderness: "1m" })
        .filter((sale) => sale.cents > 0n, { id: "paid" });
      sales.to("all", filesSink({ path: "all", format: jsonLines() }));
      sales.keyBy("shop").window(tumbling("1h")).aggregate("per-hour", (a) => ({ sales: a.count() }))
        .to("hours", filesSink({ path: "hours", format: jsonLines() }));
    });`;
  for (const [find, replace] of changes) {
    expect(text.split(find)).toHaveLength(2);
    text = text.replace(find, replace);
  }
  writeFileSync(join(folder, "pipeline.ts"), text);
}

const plan = (folder: string): { readonly code: number | null; readonly stdout: string } => {
  const { code, stdout, stderr } = dataflow(folder, ["plan", "pipeline.ts"]);
  expect(stderr).toBe("");
  return { code, stdout: stdout.replaceAll(folder, "") };
};

let folder = "";
beforeAll(() => {
  folder = newFolder("plan");
  writeFileSync(join(folder, "in.jsonl"), '{"shop":"a","cents":5,"at":"2026-05-01T08:00:00Z"}\n');
  write(folder);
  const { code, stderr } = dataflow(folder, ["run", "pipeline.ts"]);
  if (code !== 0) throw new Error(stderr);
});
afterAll(() => write(folder));

test("a pipeline that never ran begins", () => {
  const empty = newFolder("plan-first");
  write(empty);
  expect(plan(empty)).toEqual({
    code: 0,
    stdout: "sales: begins, for there is no checkpoint (.dataflow/sales)\n",
  });
});

test("an unchanged pipeline goes on, and nothing is touched by the question", () => {
  write(folder);
  const keeps = `sales: goes on (.dataflow/sales, the checkpoint of epoch 1)
  source  sales     keep
  step    per-hour  keep
  sink    all       keep
  sink    hours     keep
`;
  expect(plan(folder)).toEqual({ code: 0, stdout: keeps });
  expect(plan(folder)).toEqual({ code: 0, stdout: keeps });
});

test("lambdas that have changed are named, by the plan and by the run that follows", () => {
  write(folder, ["sale.cents > 0n", "sale.cents > 100n"]);
  const { code, stdout } = plan(folder);
  expect(code).toBe(0);
  expect(stdout).toContain('lambdas that have changed: "paid"; rows from now on see the new ones');
  expect(dataflow(folder, ["run", "pipeline.ts"]).stderr).toContain(
    'Lambdas of pipeline "sales" have changed since its last checkpoint: "paid".',
  );
});

test("new sinks begin, removed ones are dropped", () => {
  write(folder, ['sales.to("all", filesSink({ path: "all"', 'sales.to("copy", filesSink({ path: "copy"']);
  const { code, stdout } = plan(folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/sink {4}copy {6}new {3}begins empty, with rows from now on/);
  expect(stdout).toMatch(/sink {4}all {7}drop {2}shows what it still holds/);
});

test("a step that has another id, as docs/operating.md writes it, goes on; without the option it does not start", () => {
  const fence = fencesOf("docs/operating.md").find(({ text }) => text.includes("renamedFrom"))?.text ?? "";
  const was =
    'sales.keyBy("shop").window(tumbling("1h")).aggregate("per-hour", (a) => ({ sales: a.count() }))\n        .to(';
  write(folder, [was, `${fence}perShop.to(`]);
  const { code, stdout } = plan(folder);
  expect(code).toBe(0);
  expect(stdout).toMatch(/step {4}per-shop {2}keep {2}renamed from "per-hour"/);
  write(folder, [was, `${fence.replace(', { renamedFrom: "per-hour" }', "")}perShop.to(`]);
  expect(plan(folder).stdout).toContain('If it is "per-shop" now, say so: { renamedFrom: "per-hour" }.');
});

test("a step that no longer fits its state is refused with its reason, as the run would", () => {
  write(
    folder,
    ['tumbling("1h")', 'tumbling("2h")'],
    [
      '"per-hour", (a) => ({ sales: a.count() })',
      '"per-hour", (a) => ({ sales: a.count(), cents: a.sum("cents") })',
    ],
  );
  const { code, stdout } = plan(folder);
  expect(code).toBe(5);
  expect(stdout).toContain("sales: does not start (.dataflow/sales, the checkpoint of epoch");
  expect(stdout).toMatch(
    /step {4}per-hour {2}refuse {2}The columns of inputs of step "per-hour" changed; new: /,
  );
  expect(stdout).toContain('The size of window of step "per-hour" changed from 1h to 2h.');
  expect(stdout).toContain(
    "Undo the change, or start with a new state directory (--state-dir) and new targets.",
  );
  expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 5 });
  const json = JSON.parse(dataflow(folder, ["plan", "pipeline.ts", "--json"]).stdout) as unknown;
  expect(json).toMatchObject({ pipeline: "sales", outcome: "refused" });
});

test("an aggregate more is told in words, with the ways on; the step of before and the changed one go on beside each other", () => {
  const begun = newFolder("plan-beside");
  cpSync(folder, begun, { recursive: true });
  const more = '"per-hour", (a) => ({ sales: a.count(), cents: a.sum("cents") })';
  const was = '"per-hour", (a) => ({ sales: a.count() })';
  write(begun, [was, more]);
  const { stdout } = plan(begun);
  expect(stdout).toContain('The aggregates of step "per-hour" changed; new: "cents" (sum of "cents").');
  expect(stdout).toContain('Groups that are there have no "cents" of the rows before.');
  expect(stdout).toContain('Or leave "per-hour" and its sinks as they were, and put the changed step beside');
  expect(stdout).not.toMatch(/[{}]/);
  const beside = `${was})
        .to("hours", filesSink({ path: "hours", format: jsonLines() }));
      sales.keyBy("shop").window(tumbling("1h")).aggregate(${more.replace("per-hour", "money")}`;
  write(
    begun,
    [`${was})`, `${beside})`],
    [
      '        .to("hours", filesSink({ path: "hours", format: jsonLines() }));\n    }',
      '        .to("money-table", filesSink({ path: "money", format: jsonLines() }));\n    }',
    ],
  );
  expect(plan(begun)).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/step {4}money +new .*\n {2}step {4}per-hour +keep\n/) as string,
  });
  expect(dataflow(begun, ["run", "pipeline.ts"])).toMatchObject({ code: 0 });
});

test("the running process is asked, so a plan can be looked at before it is stopped", async () => {
  write(folder);
  const run = new Started(startDataflow(folder, ["run", "pipeline.ts", "--follow"]));
  await until("the process answers", () =>
    Promise.resolve(dataflow(folder, ["status"]).stdout.includes("running as process")),
  );
  write(folder, ['tumbling("1h")', 'tumbling("2h")']);
  expect(plan(folder).code).toBe(5);
  write(folder);
  expect(plan(folder)).toMatchObject({ code: 0, stdout: expect.stringContaining("goes on") as string });
  run.child.kill("SIGTERM");
  await run.ended();
});
