/** What is asked of a soak when it is over. */
import { readdirSync } from "node:fs";
import { isDeepStrictEqual } from "node:util";
import type { RunReport } from "@df/core/runtime/report";
import { outcomesOf } from "../in-memory.ts";
import { python } from "../outside-readers.ts";
import { userOf, valueOf } from "./soak-feed.ts";
import type { Sample, Sizes } from "./soak-run.ts";
import { slopeOf } from "./slope.ts";
import type { Slope } from "./slope.ts";

/** "open": it went on for too short a time to tell. */
export interface Verdict {
  readonly kind: "holds" | "FAILED" | "open";
  readonly words: string;
}

const MIB = 1024 * 1024;
/** MiB an hour that a heap may rise by. */
const HEAP_SLOPE_MAX = 1;
/** MiB of code that may be compiled: a program that makes new functions for ever has more. */
const CODE_MAX = 16;
/** Part of a life in which caches fill; with fewer hours of the rest nothing is told of it. */
const WARM_UP = 1 / 3;
const HOURS_MIN = 1 / 6;
/** Files of a state: the database, its log, what SQLite shares, the socket, and those of rows that wait. */
const STATE_FILES_MAX = 12;
/** The log of the database is kept below 64 MiB, and 32 MiB of the database may be free. */
const STATE_BYTES_MAX = 160 * MIB;
/** Per delivery: a data file, a commit, and for upserts a deletion vector; every tenth time a checkpoint. */
const FILES_A_COMMIT = 4;

interface Found {
  readonly events: readonly [number, number, number];
  readonly users: readonly (readonly [string, number, number])[];
  readonly spans: readonly [number, number];
  readonly late: readonly [number, number];
  readonly versions: Readonly<Record<string, number>>;
}

/** Every event once in each table, and in the ledger. */
export function judgeTables(folder: string, events: number, report: RunReport): Verdict[] {
  const found = JSON.parse(python("test/long/soak_reader.py", `${folder}/lake`).join("")) as Found;
  const total = sumOf(events);
  const [spans, late] = [found.spans, found.late];
  const { folded = 0, late: told = 0 } = outcomesOf(report, "spans");
  const read = report.ledger.find(({ node }) => node === "events")?.rowsIn;
  const commits = (found.versions["events"] ?? 0) + (found.versions["users"] ?? 0);
  const files = ["events", "users"].reduce((sum, table) => sum + filesIn(`${folder}/lake/${table}`), 0);
  return [
    verdict(isDeepStrictEqual(found.events, [events, events, total]), `events: ${found.events.join(", ")}`),
    verdict(isDeepStrictEqual(found.users, usersOf(events)), `upserts: ${found.users.length} users`),
    verdict(
      spans[0] + late[0] === events && spans[1] + late[1] === total && late[0] === told,
      `windows: ${spans[0]} events in time and ${late[0]} late`,
    ),
    verdict(
      read === events && folded + told === events,
      `ledger: ${read} read, ${folded} folded, ${told} late`,
    ),
    verdict(files <= (commits + 10) * FILES_A_COMMIT, `tables: ${files} files after ${commits} commits`),
  ];
}

/** The state stays small. */
export function judgeSizes(folder: string, sizes: readonly Sizes[]): Verdict[] {
  const files = Math.max(...sizes.map(({ stateFiles }) => stateFiles));
  const bytes = Math.max(...sizes.map(({ stateBytes }) => stateBytes));
  return [
    verdict(files <= STATE_FILES_MAX, `state: at most ${files} files`),
    verdict(bytes <= STATE_BYTES_MAX, `state: at most ${mib(bytes)} MiB in ${folder}/.dataflow`),
  ];
}

/**
 * The heap of the last life does not grow: not by more than the lists of what is there, such as a file that is read or
 * a window that is open. Compiled code is bounded, and grows as long as something becomes hot for the first time.
 */
export function judgeHeap(samples: readonly Sample[]): Verdict[] {
  const warm = (samples.at(-1)?.seconds ?? 0) * WARM_UP;
  const settled = samples.filter(({ seconds }) => seconds >= warm);
  const [heap, code, rss] = (["heap", "code", "rss"] as const).map((of) =>
    slopeOf(settled.map((sample) => ({ x: sample.seconds / 3600, y: sample[of] / MIB }))),
  );
  if (heap === undefined || code === undefined || rss === undefined)
    return [{ kind: "FAILED", words: "heap: no samples" }];
  const [first, last] = [settled[0], settled.at(-1)].map((sample) => mib(sample?.heap ?? 0));
  const words =
    `heap: ${rise(heap)} with a confidence of 95 %, over ${settled.length} samples (worth ${Math.round(heap.worth)}), ` +
    `${first} to ${last} MiB; RSS ${rise(rss)}, at most ${mib(most(samples, "rss"))} MiB`;
  const codeBytes = most(samples, "code");
  const compiled = verdict(
    codeBytes <= CODE_MAX * MIB,
    `code: at most ${mib(codeBytes)} MiB compiled, ${rise(code)}`,
  );
  const hours = ((settled.at(-1)?.seconds ?? 0) - warm) / 3600;
  if (hours < HOURS_MIN) return [{ kind: "open", words }, compiled];
  if (heap.low >= HEAP_SLOPE_MAX) return [{ kind: "FAILED", words }, compiled];
  return [{ kind: heap.high < HEAP_SLOPE_MAX ? "holds" : "open", words }, compiled];
}

function rise({ slope, low, high }: Slope): string {
  return `${slope.toFixed(2)} MiB/h (${low.toFixed(2)} to ${high.toFixed(2)})`;
}

function most(samples: readonly Sample[], of: "code" | "rss"): number {
  return Math.max(...samples.map((sample) => sample[of]));
}

function verdict(holds: boolean, words: string): Verdict {
  return { kind: holds ? "holds" : "FAILED", words };
}

function sumOf(events: number): number {
  let sum = 0;
  for (let id = 0; id < events; id++) sum += valueOf(id);
  return sum;
}

/** User, events and total of all users, in order. */
function usersOf(events: number): [string, number, number][] {
  const users = new Map<string, [string, number, number]>();
  for (let id = 0; id < events; id++) {
    const user = users.get(userOf(id)) ?? [userOf(id), 0, 0];
    user[1]++;
    user[2] += valueOf(id);
    users.set(user[0], user);
  }
  return [...users.values()].toSorted(([a], [b]) => (a < b ? -1 : 1));
}

function filesIn(directory: string): number {
  return readdirSync(directory, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
    .length;
}

function mib(bytes: number): string {
  return (bytes / MIB).toFixed(1);
}
