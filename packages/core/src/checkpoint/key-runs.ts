/**
 * The key indexes of sinks. What a delivery changes is a run of its own, in the order of the keys; of two runs with one
 * key the later one is right. So a delivery writes what it changes, however large the index is. Runs are merged when
 * several have come to what is behind them: each entry is written again a few times, as often as the index doubles.
 */
import { assert, present } from "../assert.ts";
import { compareStrings, type ByteStrings, startOf } from "../batch/byte-strings.ts";
import { orderOf } from "../batch/string-order.ts";
import type { IndexChanges } from "../connector.ts";
import { joinPieces } from "./index-changes.ts";
import { KeyPages, KeySearch } from "./key-pages.ts";
import type { SqlDatabase, SqlStatement } from "./sql.ts";

/** Fewer runs are not merged. */
const MERGED_MIN = 4;

/** A run as it is listed. */
interface Run {
  readonly run: number;
  /** Bytes of its pages. */
  readonly size: number;
}

/** The indexes of all sinks of a state. All methods are called within a transaction. */
export class KeyRuns {
  readonly #pages: KeyPages;
  readonly #runs: SqlStatement<[string, number], Run>;
  readonly #last: SqlStatement<[string], { run: number | null }>;
  readonly #list: SqlStatement<[string, number, number, number]>;
  readonly #unlist: SqlStatement<[string, number]>;
  readonly #settle: SqlStatement<[string]>;
  readonly #version: SqlStatement<[string], { version: string }>;
  readonly #setVersion: SqlStatement<[string, string]>;
  readonly #clearVersion: SqlStatement<[string]>;

  constructor(db: SqlDatabase) {
    this.#pages = new KeyPages(db);
    this.#runs = db.prepare("SELECT run, size FROM key_run WHERE sink = +? AND staged = +? ORDER BY run");
    this.#last = db.prepare("SELECT max(run) AS run FROM key_run WHERE sink = +?");
    this.#list = db.prepare("INSERT INTO key_run VALUES (?, ?, ?, ?)");
    this.#unlist = db.prepare("DELETE FROM key_run WHERE sink = ? AND run = ?");
    this.#settle = db.prepare("UPDATE key_run SET staged = 0 WHERE sink = ?");
    this.#version = db.prepare("SELECT version FROM key_index_version WHERE sink = ?");
    this.#setVersion = db.prepare("INSERT OR REPLACE INTO key_index_version VALUES (?, ?)");
    this.#clearVersion = db.prepare("DELETE FROM key_index_version WHERE sink = ?");
  }

  /** The version of the target that an index knows; undefined where it is not known whether it is whole. */
  version(sink: string): string | undefined {
    return this.#version.get(sink)?.version;
  }

  /** From now on an index knows this version. */
  setVersion(sink: string, version: string): void {
    this.#setVersion.run(sink, version);
  }

  /** Removes all entries of a sink, and its version. What is staged stays. */
  clear(sink: string): void {
    this.#remove(sink, this.#runs.all(sink, LIVE));
    this.#clearVersion.run(sink);
  }

  /** The values of the keys, in their order; empty where there is none. */
  get(sink: string, keys: ByteStrings): ByteStrings {
    const search = new KeySearch(keys, orderOf(keys));
    for (const { run } of this.#runs.all(sink, LIVE).toReversed()) this.#pages.search({ sink, run }, search);
    return search.found();
  }

  /** Writes down changes of an index, each of a key of its own, which do not count yet: instead of what was staged. */
  stage(sink: string, changes: IndexChanges): void {
    this.unstage(sink);
    const order = orderOf(changes.keys);
    if (order.length === 0) return;
    const run = this.#nextRun(sink);
    const writer = this.#pages.write({ sink, run });
    writer.addAll(changes, order);
    writer.end();
    this.#list.run(sink, run, writer.size, STAGED);
  }

  /** What is staged, in the order of the keys. */
  staged(sink: string): IndexChanges {
    const runs = this.#runs.all(sink, STAGED);
    return joinPieces(runs.flatMap(({ run }) => [...this.#pages.read({ sink, run })]));
  }

  /** Forgets what is staged. */
  unstage(sink: string): void {
    this.#remove(sink, this.#runs.all(sink, STAGED));
  }

  /** What is staged counts from now on. */
  settle(sink: string): void {
    this.#settle.run(sink);
    const runs = this.#runs.all(sink, LIVE);
    const first = firstMerged(runs.map(({ size }) => size));
    if (first !== undefined) this.#merge(sink, runs.slice(first), first === 0);
  }

  /** Adds entries, each of a key of its own. */
  add(sink: string, entries: IndexChanges): void {
    assert(this.#runs.all(sink, STAGED).length === 0, "no index is built while an intent changes it");
    this.stage(sink, entries);
    this.settle(sink);
  }

  /** Makes one run of some, the last ones. Without older ones, what was removed is gone. */
  #merge(sink: string, runs: readonly Run[], areOldest: boolean): void {
    const run = this.#nextRun(sink);
    const writer = this.#pages.write({ sink, run });
    const cursors = runs.map((merged) => new Cursor(this.#pages.read({ sink, run: merged.run })));
    for (let lowest = lowestOf(cursors); lowest !== undefined; lowest = lowestOf(cursors)) {
      const { entries, at } = lowest;
      if (!areOldest || startOf(entries.values, at) < (entries.values.ends[at] as number))
        writer.add(entries, at);
      for (const cursor of cursors) if (cursor !== lowest && cursor.compare(lowest) === 0) cursor.advance();
      lowest.advance();
    }
    writer.end();
    this.#remove(sink, runs);
    if (writer.size > 0) this.#list.run(sink, run, writer.size, LIVE);
  }

  #nextRun(sink: string): number {
    return (this.#last.get(sink)?.run ?? -1) + 1;
  }

  #remove(sink: string, runs: readonly Run[]): void {
    for (const { run } of runs) {
      this.#pages.remove({ sink, run });
      this.#unlist.run(sink, run);
    }
  }
}

/** Whether a run counts, as it is stored. */
const LIVE = 0;
const STAGED = 1;

/**
 * From which run on all are to be merged, given their sizes, the oldest first: the oldest that is no larger than all
 * behind it together, if they are enough. So a run that stays is larger than those behind it, and there are few.
 */
export function firstMerged(sizes: readonly number[]): number | undefined {
  let behind = sizes.reduce((sum, size) => sum + size, 0);
  for (let i = 0; i <= sizes.length - MERGED_MIN; i++) {
    behind -= sizes[i] as number;
    if ((sizes[i] as number) <= behind) return i;
  }
  return undefined;
}

/** Where the reading of a run is. */
class Cursor {
  readonly #pages: Generator<IndexChanges, void, undefined>;
  /** Undefined at the end of the run. */
  #page: IndexChanges | undefined;
  at = 0;

  constructor(pages: Generator<IndexChanges, void, undefined>) {
    this.#pages = pages;
    this.#page = pages.next().value ?? undefined;
  }

  get isDone(): boolean {
    return this.#page === undefined;
  }

  get entries(): IndexChanges {
    return present(this.#page, "the page of a cursor");
  }

  advance(): void {
    if (++this.at < this.entries.keys.ends.length) return;
    this.at = 0;
    this.#page = this.#pages.next().value ?? undefined;
  }

  /** Below 0 where the entry's key comes before that of another one; 0 where they are equal. Above at the end. */
  compare(other: Cursor): number {
    return this.isDone ? 1 : compareStrings(this.entries.keys, this.at, other.entries.keys, other.at);
  }
}

/** The cursor with the lowest key; of equal ones the last one. */
function lowestOf(cursors: readonly Cursor[]): Cursor | undefined {
  let lowest: Cursor | undefined;
  for (const cursor of cursors) {
    if (!cursor.isDone && (lowest === undefined || cursor.compare(lowest) <= 0)) lowest = cursor;
  }
  return lowest;
}
