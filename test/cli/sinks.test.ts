import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataflow, newFolder } from "../command.ts";
import { deltaRows, deltaVersion, missingReaders } from "../outside-readers.ts";

const HEAD = `import { pipeline, t, tumbling } from "dataflow";
import { callback } from "dataflow/callback";
import { consoleSink } from "dataflow/console";
import { delta } from "dataflow/delta";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
const Row = t.row({ k: t.string(), at: t.timestamp({ json: "s" }) });
const options = { eventTime: "at", maxOutOfOrderness: "1h" } as const;
const source = files({ path: "input/*.jsonl", decode: json(Row) });
`;

function folderWith(
  body: string,
  rows: readonly string[],
): { folder: string; append: (rows: readonly string[]) => void } {
  const folder = newFolder("sinks");
  mkdirSync(join(folder, "input"));
  writeFileSync(join(folder, "pipeline.ts"), `${HEAD}${body}`);
  const append = (keys: readonly string[]): void =>
    writeFileSync(join(folder, "input/a.jsonl"), keys.map((k) => `{"k":"${k}","at":1700000000}\n`).join(""), {
      flag: "a",
    });
  append(rows);
  return { folder, append };
}

test("a console sink prints each row once over several runs, and standard output carries nothing else before the report", () => {
  const { folder, append } = folderWith(
    `export default pipeline("p", (p) => { p.from("rows", source, options).to("out", consoleSink()); });`,
    ["a", "b"],
  );
  const first = dataflow(folder, ["run", "pipeline.ts", "--json"]);
  expect(first).toMatchObject({ code: 0, stderr: "" });
  append(["c"]);
  const second = dataflow(folder, ["run", "pipeline.ts", "--json"]);
  expect(second).toMatchObject({ code: 0, stderr: "" });
  const keys = [first, second].map(({ stdout }) => {
    const lines = stdout
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as { readonly k?: string });
    expect(lines.at(-1)).toMatchObject({ pipeline: "p" });
    return lines.slice(0, -1).map(({ k }) => k);
  });
  expect(keys).toEqual([["a", "b"], ["c"]]);
});

test.skipIf(missingReaders !== undefined)(
  "a delivery in which all rows cancel out makes no version, and the next run goes on",
  () => {
    // A group shows itself with its first row and is gone with its second, in batches of one row.
    const { folder, append } = folderWith(
      `export default pipeline("p", { batchRows: 1, checkpointEvery: "1ms" }, (p) => {
  p.from("rows", source, options)
    .tap(() => { const until = performance.now() + 5; while (performance.now() < until); })
    .keyBy("k").window(tumbling("1h"))
    .aggregate("counts", (a) => ({ n: a.count() }), { emit: "onUpdate", allowedLateness: "1d" })
    .filter((row) => row.n < 2n)
    .to("out", delta({ path: "./out" }));
});`,
      ["a", "a"],
    );
    const versions: number[] = [];
    const run = (): void => {
      expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
      versions.push(deltaVersion(join(folder, "out")));
    };
    run();
    // Its ledger shows that the rows did come to the sink.
    const { ledger } = JSON.parse(dataflow(folder, ["status", "--json"]).stdout) as {
      readonly ledger: readonly { readonly node: string; readonly rowsIn: number }[];
    };
    expect(ledger.find(({ node }) => node === "out")).toMatchObject({ rowsIn: 2 });
    run();
    append(["b"]);
    run();
    append(["c", "c"]);
    run();
    append(["d"]);
    run();
    expect(deltaRows(join(folder, "out")).map((line) => (JSON.parse(line) as { k: string }).k)).toEqual([
      "b",
      "d",
    ]);
    expect(versions).toEqual([0, 0, 1, 1, 2]);
  },
);

test.skipIf(missingReaders !== undefined)(
  "a sink that cannot write ends the run with code 1, naming it, and the next run delivers once the way is free",
  () => {
    const { folder, append } = folderWith(
      `export default pipeline("p", (p) => {
  p.from("rows", source, options).to("out", delta({ path: "./out", partitionBy: ["k"] }));
});`,
      ["a"],
    );
    expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
    writeFileSync(join(folder, "out/k=b"), "in the way");
    append(["b"]);
    const { code, stdout, stderr } = dataflow(folder, ["run", "pipeline.ts"]);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^Sink "out": Could not write "k=b\/.* \[DF_STORE_IO\]\n$/);
    rmSync(join(folder, "out/k=b"));
    expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
    const keys = deltaRows(join(folder, "out")).map((line) => (JSON.parse(line) as { k: string }).k);
    expect(keys).toEqual(["a", "b"]);
  },
);

test("a callback that throws ends the run with the place in its file, and the next run tells the same rows", () => {
  const { folder } = folderWith(
    `export default pipeline("p", (p) => { p.from("rows", source, options).to("told", callback((changes) => {
  if (process.env["BROKEN"] === "1") throw new Error("no mail");
  console.log(changes.map(({ after }) => after?.["k"]).join());
})); });`,
    ["a", "b"],
  );
  const failed = dataflow(folder, ["run", "pipeline.ts"], { BROKEN: "1" });
  expect(failed).toMatchObject({ code: 1, stdout: "" });
  expect(failed.stderr).toMatch(
    /^The callback of sink "told" failed at part 0 of epoch 1: no mail\. .* \[DF_CALLBACK\]\n {4}at .*pipeline\.ts:11:\d+\)?\n$/,
  );
  expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^a,b\n/) as unknown,
  });
});
