/** The tables of the crash pipeline, judged by readers that know nothing of the engine. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect } from "vitest";
import { root } from "../command.ts";
import { deltaRows, python } from "../outside-readers.ts";

/** The pipeline. */
export const pipeline: string = join(root, "test/crash/pipeline.ts");

/** Which sinks it has: see CRASH_SINKS there. */
export type Sinks = "delta" | "others";

const input = join(root, "examples/01-earthquakes/input/earthquakes.jsonl");

let answer: string[] | undefined;
/** The answer of the crash pipeline is that of the example, computed without the engine. */
const gold = (): string[] => (answer ??= python("test/examples/earthquakes_oracle.py", input));

interface Commit {
  readonly files: readonly { readonly path: string }[];
}

interface Quake {
  readonly depth: number;
  readonly id: string;
  readonly mag: number;
  readonly net: string;
  readonly time: number;
}

/** All rows of the input, with the columns that the pipeline reads. */
function quakes(): Quake[] {
  const lines = readFileSync(input, "utf8").trimEnd().split("\n");
  return lines
    .map((line) => JSON.parse(line) as Quake)
    .map(({ id, time, mag, net, depth }) => ({ depth, id, mag, net, time }));
}

/** The same, as outside readers show them. */
function shownQuakes(): object[] {
  return quakes().map((quake) => ({ ...quake, time: String(quake.time * 1000) }));
}

/** The lines of a directory's files: of those that its commits name, or of all that a reader finds. */
function linesOf(directory: string, files: "manifest" | "all"): string[] {
  // A writer that was killed leaves a temporary file behind, which is no commit.
  const commits = readdirSync(`${directory}/_commits`)
    .filter((name) => /^\d+\.json$/.test(name))
    .map((name) => JSON.parse(readFileSync(`${directory}/_commits/${name}`, "utf8")) as Commit);
  const names =
    files === "manifest"
      ? commits.flatMap((commit) => commit.files.map(({ path }) => path))
      : readdirSync(directory).filter((name) => name.startsWith("data-"));
  return names.flatMap((name) => readFileSync(`${directory}/${name}`, "utf8").trimEnd().split("\n"));
}

/** What was read against rows, in whatever order of rows and columns. */
function expectRows(lines: readonly string[], rows: readonly object[]): void {
  const inOrder = (row: object): string =>
    JSON.stringify(Object.entries(row).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  const read = lines.map((line) => inOrder(JSON.parse(line) as object));
  expect(read.toSorted()).toEqual(rows.map(inOrder).toSorted());
}

const judges: Readonly<Record<Sinks, (lake: string) => void>> = {
  delta: (lake) => {
    expect(deltaRows(`${lake}/gold`)).toEqual(gold());
    expectRows(deltaRows(`${lake}/bronze`), shownQuakes());
  },
  others: (lake) => {
    expect(deltaRows(`${lake}/parts`)).toEqual(gold());
    for (const files of ["manifest", "all"] as const) {
      expectRows(
        python("test/interop/parquet_reader.py", `${lake}/parquet`, "--files", files),
        shownQuakes(),
      );
      expectRows(linesOf(`${lake}/lines`, files), quakes());
    }
    const changes = python(
      "test/interop/files_reader.py",
      `${lake}/changes`,
      "--changes",
      "net,windowStart,windowEnd",
    );
    expect(changes.slice(0, -3)).toEqual(gold());
    // The hash over the changes, computed anew, is the one in the newest marker.
    expect(changes.at(-2)).toBe(changes.at(-1));
  },
};

/** Fails unless each row is shown once and each hour has its result. */
export function expectAnswer(folder: string, sinks: Sinks): void {
  judges[sinks](join(folder, "lake"));
}
