import { existsSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dataflow, newFolder, root, startDataflow } from "../command.ts";
import { someOrders, writeOrders } from "./order-lines.ts";
import { Started, until, windowsIn } from "./started.ts";

const pipeline = join(root, "test/cli/orders.ts");

interface Told {
  readonly pipeline: string;
  readonly pid: number | null;
  readonly epoch: number;
  readonly rowsRead: number;
  readonly ledger: readonly { readonly node: string; readonly rowsIn: number }[];
  readonly sinks: readonly { readonly sink: string; readonly contentHash: string }[];
}

function statusOf(folder: string): Told {
  const { code, stdout, stderr } = dataflow(folder, ["status", "--json"]);
  expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
  expect(stdout.trimEnd().split("\n")).toHaveLength(1);
  return JSON.parse(stdout) as Told;
}

describe("dataflow status", () => {
  test("asks the running process, through a socket only its user may open, and reads the state once it is gone", async () => {
    const folder = newFolder("status");
    writeOrders(folder, "a.jsonl", someOrders(0, 30));
    const run = new Started(
      startDataflow(folder, ["run", pipeline, "--follow"], { ORDERS_ROW_MS: "5", DATAFLOW_LOG: "info" }),
    );
    await until("all rows are folded", async () => (await windowsIn(folder)).folded === 30);
    const socket = join(folder, ".dataflow/orders/control.sock");
    expect(statSync(socket).mode & 0o777).toBe(0o600);
    const running = statusOf(folder);
    expect(running).toMatchObject({ pipeline: "orders", pid: run.child.pid, rowsRead: 30 });
    const words = dataflow(folder, ["status"]);
    expect(words).toMatchObject({ code: 0, stderr: "" });
    expect(words.stdout).toContain(`orders: running as process ${run.child.pid}, epoch `);

    const { code, stderr, stdout } = await run.stop("SIGTERM");
    expect(code).toBe(143);
    expect(existsSync(socket)).toBe(false);
    // At info each delivery is a line of JSON on standard error; standard output has the report and nothing else.
    const told = stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly sink?: string; msg: string });
    expect(new Set(told.map(({ msg }) => msg))).toEqual(new Set(["delivered"]));
    expect(new Set(told.map(({ sink }) => sink))).toEqual(new Set(["bronze", "gold"]));
    expect(stdout).toMatch(/^orders: stopped\. 30 rows read, epoch /);

    const after = statusOf(folder);
    expect(after).toMatchObject({ pipeline: "orders", pid: null });
    expect(after.ledger.find(({ node }) => node === "per-hour")).toMatchObject({ rowsIn: 30 });
    const next = dataflow(folder, ["run", pipeline, "--json"]);
    expect(next).toMatchObject({ code: 0, stderr: "" });
    const report = JSON.parse(next.stdout) as Told;
    const contents = ({ sinks }: Told): string[] =>
      sinks.flatMap(({ sink, contentHash }) => (contentHash === undefined ? [] : [`${sink} ${contentHash}`]));
    expect(contents(report)).toEqual(contents(after));
  });

  test("reads the state of a process that was killed, and of several pipelines", async () => {
    const folder = newFolder("status");
    writeOrders(folder, "a.jsonl", someOrders(0, 30));
    expect(dataflow(folder, ["run", pipeline], { ORDERS_WITH: "other-name without-bronze" }).code).toBe(0);
    mkdirSync(join(folder, ".dataflow/no-state"));
    const run = new Started(
      startDataflow(folder, ["run", pipeline], { DATAFLOW_PAUSE_MS: "200", ORDERS_WITH: "rare-commits" }),
    );
    await until("an epoch is stored", () => run.stderr.includes("step: checkpoint stored"));
    await run.stop("SIGKILL");
    const { code, stdout, stderr } = dataflow(folder, ["status"]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout.match(/^\w+: not running, epoch \d+/gm)).toEqual([
      expect.stringMatching(/^orders: not running, epoch [1-9]/),
      expect.stringMatching(/^other: not running, epoch [1-9]/),
    ]);
  });

  test("lists every sink of a pipeline that has stopped, also those that have delivered nothing", () => {
    const folder = newFolder("status");
    writeFileSync(join(folder, "in.jsonl"), '{"id":"a"}\n');
    writeFileSync(
      join(folder, "pipeline.ts"),
      `import { pipeline, t } from "dataflow";
      import { files, filesSink, jsonLines } from "dataflow/files";
      import { json } from "dataflow/json";
      export default pipeline("few", (p) => {
        const rows = p.from("rows", files({ path: "in.jsonl", decode: json(t.row({ id: t.string() })) }));
        rows.filter((row) => row.id === "z").to("none", filesSink({ path: "none", format: jsonLines() }));
        rows.to("all", filesSink({ path: "all", format: jsonLines() }));
      });`,
    );
    expect(dataflow(folder, ["run", "pipeline.ts"]).code).toBe(0);
    expect(statusOf(folder).sinks).toEqual([
      { sink: "none", epoch: 0, rows: 0, undeliveredBytes: 0 },
      expect.objectContaining({ sink: "all", epoch: 1, rows: 0, undeliveredBytes: 0 }),
    ]);
    const { stdout } = dataflow(folder, ["status"]);
    expect(stdout).toMatch(/^ {2}none +- +0 +- +- +- +0$/m);
    expect(stdout).toMatch(/^ {2}all +- +- +1 +1 +\w{32} +0$/m);
  });

  test("and run refuse a damaged state and a state directory that is a file, in words", () => {
    const folder = newFolder("status");
    writeOrders(folder, "a.jsonl", someOrders(0, 3));
    mkdirSync(join(folder, ".dataflow/orders"), { recursive: true });
    writeFileSync(join(folder, ".dataflow/orders/state.sqlite"), "this is no database at all");
    for (const given of [["status"], ["run", pipeline]]) {
      const { code, stdout, stderr } = dataflow(folder, given);
      expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
      expect(stderr).toMatch(
        /^The state .*state\.sqlite is damaged: .*--state-dir.* \[DF_STATE_CORRUPT\]\n$/,
      );
    }
    const file = dataflow(folder, ["status", "--state-dir", "input/a.jsonl"]);
    expect(file.code).toBe(2);
    expect(file.stderr).toMatch(/^.*a\.jsonl holds no state of a pipeline\. .* \[DF_USAGE\]\n$/);
  });
});
