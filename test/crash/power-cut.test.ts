import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { Random } from "@df/testing/random";
import { afterAll, beforeAll, expect, test } from "vitest";
import { dataflow, newFolder, root } from "../command.ts";
import { missingReaders, missingStrace, python } from "../outside-readers.ts";
import type { Ignored } from "./power-cut-disk.ts";
import { pipeline, powerCuts, recordHistory, type Cut, type History } from "./power-cut-history.ts";
import { judge, STATE, writeImage } from "./power-cut-judge.ts";

const isLong = process.env["DATAFLOW_LONG"] === "1";
const IMAGES = Number(process.env["CRASH_IMAGES"] ?? (isLong ? 60_000 : 2_100));
/** Images from which the command goes on to the end. */
const CONTINUED = isLong ? 60 : 12;
/** Images in which a missing fsync must be found. */
const SABOTAGED = 700;
const seed = Number(process.env["CRASH_SEED"] ?? 1);
const input = join(root, "examples/01-earthquakes/input/earthquakes.jsonl");

/** In memory, where there is such a place: each image is opened by SQLite. */
let scratch = "";
afterAll(() => {
  if (scratch !== "") rmSync(scratch, { recursive: true, force: true });
});

const HISTORIES = [
  "runs that are killed and go on",
  "runs over directories that a killed process has made and not fsynced",
  "a run that goes on from a power cut",
] as const;
let histories: readonly History[] = [];

beforeAll(() => {
  if (missingStrace !== undefined) return;
  scratch = existsSync("/dev/shm") ? mkdtempSync("/dev/shm/dataflow-") : newFolder("power-cut-state");
  const random = new Random(seed);
  const row = (): number => 200 + random.below(500);
  const killed = recordHistory({ killedAtRows: [row(), row()] });
  const tables = ["append/_delta_log", "upsert", "parquet/_commits", "files"].map(
    (path) => `out/lake/${path}`,
  );
  const begun = recordHistory({
    directories: [".dataflow/power-cut", ...tables],
    killedAtRows: [random.below(20) + 1],
  });
  const [early] = powerCuts(killed, { random, images: 3 });
  const recovered = recordHistory({ image: (early as Cut).image, killedAtRows: [] });
  histories = [killed, begun, recovered];
});

/** What is wrong with the first image that is not as it should be, with its place, and how many were judged. */
function judgeImages(
  history: History | undefined,
  given: { readonly images: number; readonly ignored?: Ignored },
): { readonly wrong: string; readonly judged: number } {
  if (history === undefined) throw new Error("nothing was recorded");
  let judged = 0;
  for (const { image, said, after } of powerCuts(history, { ...given, random: new Random(seed) })) {
    const wrong = judge(image, said, { scratch, written: history.written });
    judged++;
    if (wrong.length > 0)
      return { wrong: `CRASH_SEED=${seed}, cut after deed ${after}: ${wrong.join("; ")}`, judged };
  }
  return { wrong: "", judged };
}

test.skipIf(missingStrace !== undefined).each(HISTORIES)(
  "a power cut at any moment leaves what was said to be stored, and shows only what was decided: %s",
  (name) => {
    const history = histories[HISTORIES.indexOf(name)];
    const count = history?.deeds.length ?? 0;
    const syncs = history?.deeds.filter(({ kind }) => kind === "sync").length ?? 0;
    expect([count > 1_000, syncs > 150]).toEqual([true, true]);
    const images = Math.ceil(IMAGES / HISTORIES.length);
    expect(judgeImages(history, { images })).toEqual({ wrong: "", judged: images });
    process.stdout.write(`power cuts: ${images} images of ${count} deeds, ${syncs} of them fsync\n`);
  },
  3_600_000,
);

/** Leaves the first ones: those of SQLite when it makes its files. */
function butFirst(count: number, ignored: Ignored): Ignored {
  let seen = 0;
  return (path, kind) => ignored(path, kind) && ++seen > count;
}

const ofTables = (path: string): boolean => path.startsWith("out");
const variants: readonly (readonly [what: string, found: RegExp, ignored: Ignored])[] = [
  [
    "the log of the state, as with synchronous=NORMAL",
    /was said to be stored/,
    (path) => path === `${STATE}-wal`,
  ],
  [
    "directories that lead to the state",
    /was said to be stored/,
    (path, kind) => kind === "directory" && [".dataflow", ""].includes(path),
  ],
  [
    "held rows beside the state",
    /held rows in .* are not whole/,
    (path, kind) => kind === "file" && /\/held-\d+-\d+\.frames$/.test(path),
  ],
  [
    "names of held rows beside the state",
    /held rows in .* are not whole/,
    butFirst(10, (path, kind) => kind === "directory" && path === dirname(STATE)),
  ],
  [
    "staged files",
    /is not whole|is damaged/,
    (path) => /\/(append|upsert|parquet\/net=[^/]*)\/\.tmp-/.test(path),
  ],
  [
    "directories of tables",
    /was said to be committed|is gone/,
    (path, kind) => kind === "directory" && ofTables(path),
  ],
  ["commits of Delta", /of the log is torn/, (path) => /\/_delta_log\/\.tmp-/.test(path)],
  ["commits of directories", /commit \d+ is torn/, (path) => /\/_commits\/\.tmp-/.test(path)],
];

test.skipIf(missingStrace !== undefined).each(variants)(
  "a missing fsync is found out by power cuts: of %s",
  (_, found, ignored) => {
    let wrong = "";
    for (const history of histories) wrong ||= judgeImages(history, { images: SABOTAGED, ignored }).wrong;
    expect(wrong).toMatch(found);
  },
  600_000,
);

test.skipIf(missingStrace !== undefined || missingReaders !== undefined)(
  "the command goes on from what a power cut has left, and tables equal the answer",
  () => {
    const folders = histories.flatMap((history) => {
      const cuts = powerCuts(history, { random: new Random(seed + 1), images: CONTINUED / histories.length });
      return [...cuts].map(({ image }) => {
        const folder = newFolder("power-cut");
        writeImage(image, folder);
        return folder;
      });
    });
    for (const folder of folders) {
      const { code, stderr } = dataflow(folder, ["run", pipeline]);
      expect([folder, code, stderr]).toEqual([folder, 0, ""]);
    }
    const quakes = readFileSync(input, "utf8").trimEnd().split("\n");
    const all = quakes.map((line) => JSON.parse(line) as { id: string; mag: number });
    const ids = all.map(({ id }) => id).toSorted();
    const wide = all.flatMap(({ id, mag }) => (mag >= 5.5 ? [id] : [])).toSorted();
    const upsert = python("test/examples/earthquakes_oracle.py", input);
    for (const line of python("test/interop/power_cut_reader.py", "tables", ...folders)) {
      expect(JSON.parse(line)).toEqual({ append: ids, parquet: ids, files: ids, wide, upsert });
    }
  },
  600_000,
);

test.skipIf(missingStrace !== undefined || missingReaders !== undefined)(
  "another build of SQLite finds the state of a power cut whole, and what was said to be stored",
  () => {
    const epochs: number[] = [];
    const states: string[] = [];
    for (const { image, said } of powerCuts(histories[0] as History, {
      random: new Random(seed),
      images: 20,
    })) {
      if (!image.files.has(STATE)) continue;
      const folder = newFolder("power-cut");
      writeImage(image, folder);
      states.push(join(folder, STATE));
      epochs.push(said.epoch);
    }
    const found = python("test/interop/power_cut_reader.py", "states", ...states).map(
      (line) => JSON.parse(line) as { check: string; epoch: number },
    );
    expect(found.map(({ check }) => check)).toEqual(states.map(() => "ok"));
    expect(found.filter(({ epoch }, i) => epoch < (epochs[i] ?? 0))).toEqual([]);
  },
);
