import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { dataflow, newFolder } from "../command.ts";

const PIPELINE = `import { pipeline, t } from "dataflow";
import { csvLines, files, filesSink, jsonLines } from "dataflow/files";
import { json } from "dataflow/json";
const Row = t.row({ id: t.int64(), text: t.string().nullable(), at: t.timestamp({ json: "ms" }) });
const source = files({ path: "input/*.jsonl", decode: json(Row) });
export default pipeline("copies", (p) => {
  const rows = p.from("rows", source);
  rows.to("lines", filesSink({ path: "./lines", format: jsonLines() }));
  rows.to("table", filesSink({ path: "./table", format: csvLines() }));
});
`;
const LINES = ['{"id":9007199254740993,"text":"a,\\n\\"b\\"","at":1.5}\n', '{"id":2,"text":null,"at":-1}\n'];

/** What all data files of a directory hold, in the order of their names. */
function contentsOf(folder: string): string[] {
  const names = readdirSync(folder).filter((name) => name.startsWith("data-"));
  return names.toSorted().map((name) => readFileSync(join(folder, name), "utf8"));
}

test("a run copies lines to the byte and as CSV, and the next one adds a file for what is new", () => {
  const folder = newFolder("files-sink");
  mkdirSync(join(folder, "input"));
  writeFileSync(join(folder, "pipeline.ts"), PIPELINE);
  for (const line of LINES) {
    writeFileSync(join(folder, "input/a.jsonl"), line, { flag: "a" });
    expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0 });
  }
  expect(contentsOf(join(folder, "lines"))).toEqual(LINES);
  expect(contentsOf(join(folder, "table"))).toEqual([
    'id,text,at\n9007199254740993,"a,\n""b""",1.5\n',
    "id,text,at\n2,,-1\n",
  ]);
});
