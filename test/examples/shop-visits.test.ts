import { copyFileSync, mkdirSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { dataflow, newFolder, root } from "../command.ts";
import { deltaRows, missingReaders, python } from "../outside-readers.ts";

const example = join(root, "examples/02-shop-visits");
const pipeline = join(example, "pipeline.ts");
const days = ["2026-05-01.csv", "2026-05-02.csv"];

function linesOf(text: string): string[] {
  return text.split("\n").filter((line) => line !== "");
}

/** The rows of a table as the example says that they are, sorted. */
function expected(table: string): string[] {
  return sorted(linesOf(readFileSync(join(example, "expected", `${table}.csv`), "utf8")));
}

/** Rows as lines, below the line that names the columns. */
function sorted([head = "", ...rows]: readonly string[]): string[] {
  return [head, ...rows.toSorted()];
}

/** The lines of all files of a directory, of those that have a head the first one's only. */
function filesOf(directory: string, head: 0 | 1): string[] {
  const names = readdirSync(directory).filter((name) => name.startsWith("data-"));
  return names
    .toSorted()
    .flatMap((name, index) =>
      linesOf(readFileSync(join(directory, name), "utf8")).slice(index === 0 ? 0 : head),
    );
}

/** A Delta table read by delta-rs, as the files in `expected/` are written. */
function csvOf(path: string, table: string): string[] {
  const [head = ""] = expected(table);
  const rows = deltaRows(path).map((line) => JSON.parse(line) as Record<string, string | number | null>);
  return sorted([
    head,
    ...rows.map((row) =>
      head
        .split(",")
        .map((column) => cell(column, row[column]))
        .join(","),
    ),
  ]);
}

function cell(column: string, value: string | number | null | undefined): string {
  if (column === "time") return new Date(Number(value) / 1000).toISOString().replace(".000Z", "Z");
  const text = String(value ?? "");
  return text.includes(",") ? `"${text}"` : text;
}

test("the visits of 02-shop-visits are a CSV file with the rows that the example expects", () => {
  const folder = newFolder("visits");
  expect(dataflow(folder, ["run", pipeline])).toMatchObject({ code: 0, stderr: "" });
  expect(sorted(filesOf(`${folder}/lake/gold/visits`, 1))).toEqual(expected("visits"));
});

test("a record of 02-shop-visits that is none goes to quarantine, with its reason and its bytes", () => {
  const folder = newFolder("visits");
  expect(dataflow(folder, ["run", pipeline])).toMatchObject({ code: 0, stderr: "" });
  const records = filesOf(`${folder}/lake/quarantine`, 0).map((line) => JSON.parse(line) as { raw: string });
  expect(records).toMatchObject([
    { reason: expect.stringMatching(/"time".*has no zone/), split: "2026-05-01.csv" },
    { reason: "The record has 5 fields, 6 expected", split: "2026-05-02.csv" },
  ]);
  const raw = records.map((record) => Buffer.from(record.raw, "base64").toString());
  expect(raw).toEqual([
    "b0a771,2026-05-01 09:21:07,u-17,/shoes,200,31",
    "c41d09,2026-05-02T10:31:40Z,u-17,/cart,200",
  ]);
});

describe.skipIf(missingReaders !== undefined)(
  `02-shop-visits${missingReaders === undefined ? "" : ` (${missingReaders})`}`,
  () => {
    test("the rows that the example expects are those of an answer computed without the engine", () => {
      for (const table of ["visits", "pages", "customers"]) {
        const input = days.map((day) => join(example, "input", day));
        const rows = sorted(python("test/examples/shop_visits_oracle.py", table, ...input));
        expect(rows).toEqual(expected(table));
      }
    });

    test("the views have the rows that the example expects, and the other tables as many as its README says", () => {
      const folder = newFolder("visits");
      expect(dataflow(folder, ["run", pipeline])).toMatchObject({ code: 0, stderr: "" });
      expect(csvOf(`${folder}/lake/gold/pages`, "pages")).toEqual(expected("pages"));
      expect(csvOf(`${folder}/lake/gold/customers`, "customers")).toEqual(expected("customers"));
      const sizes = ["bronze/clicks", "silver/clicks", "silver/late_clicks"].map(
        (path) => deltaRows(`${folder}/lake/${path}`).length,
      );
      expect(sizes).toEqual([62, 56, 1]);
    });

    test("two days that come one after the other give what both give at once", () => {
      const folder = newFolder("visits");
      mkdirSync(join(folder, "input"));
      copyFileSync(pipeline, join(folder, "pipeline.ts"));
      for (const day of days) {
        copyFileSync(join(example, "input", day), join(folder, "input", day));
        expect(dataflow(folder, ["run", "pipeline.ts"])).toMatchObject({ code: 0, stderr: "" });
      }
      expect(sorted(filesOf(`${folder}/lake/gold/visits`, 1))).toEqual(expected("visits"));
      expect(csvOf(`${folder}/lake/gold/pages`, "pages")).toEqual(expected("pages"));
      expect(csvOf(`${folder}/lake/gold/customers`, "customers")).toEqual(expected("customers"));
    });
  },
);
