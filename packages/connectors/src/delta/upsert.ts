/** Stages rows that replace each other by key. */
import { DataflowError, present, stringAt, StringList } from "@df/core";
import type { Batch, ByteStrings, IndexChanges, KeyIndex, Shape } from "@df/core";
import { ContentHash } from "@df/core/batch/canonical";
import { CanonicalStrings } from "@df/core/batch/canonical-strings";
import { HASHES_MAX } from "@df/core/batch/content-hash";
import { RowHasher } from "@df/core/batch/row-hasher";
import { inTurns } from "../lake/in-turns.ts";
import { collapse, someRows } from "./collapse.ts";
import type { DeliveredRows, Outcomes } from "./collapse.ts";
import { writeDataFiles } from "./data-files.ts";
import type { DataFileOptions } from "./data-files.ts";
import { IndexEntries, pathsOf, tableEntries } from "./index-entries.ts";
import { keyColumns, rowText } from "./key-rows.ts";
import { isRowKey, keyText, Locations } from "./location.ts";
import type { Location } from "./location.ts";
import type { ReplacedRows, StagedFile } from "./manifest.ts";

/** Keys that are looked up at once: the more there are, the more of them lie side by side in the index. */
const LOOKUP_KEYS = 1_048_576;

/** What staging has written, before it becomes a manifest. */
export interface StagedUpsert {
  readonly files: readonly StagedFile[];
  readonly replaced: readonly ReplacedRows[];
  readonly deletedKeys: readonly string[];
  readonly rows: number;
  readonly contentHash: string;
  readonly index: IndexChanges;
}

/**
 * Writes the rows that are new or other than before; a row that is as it was makes no new version of itself.
 * @throws DF_SINK_KEY when two rows of one key are left over
 */
export async function stageUpsert(
  rows: DeliveredRows,
  input: Shape,
  index: KeyIndex,
  options: DataFileOptions,
): Promise<StagedUpsert> {
  const { contentHash, nextFile } = await tableEntries(index);
  if (contentHash === "") {
    throw new DataflowError("DF_CORRUPT", "The key index of a Delta table lacks the table's content hash.");
  }
  const work = new UpsertWork(input, ContentHash.parse(contentHash), { index, nextFile, options });
  // What is written is let go: of a large delivery memory holds a part of the rows.
  for await (const some of parts(collapse(rows, input, options.partitionBy))) {
    // Without a file there is no row that could be looked up.
    if (nextFile === 0) await work.takeAll(some);
    else await work.take(some);
    // Few parts, so a partition gets few files.
    if (options.partitionBy.length === 0) await work.write();
  }
  await work.write();
  return work.staged();
}

/** Outcomes of about `LOOKUP_KEYS` keys at a time. */
async function* parts(all: AsyncIterable<Outcomes>): AsyncGenerator<readonly Outcomes[]> {
  let part: Outcomes[] = [];
  let keys = 0;
  for await (const outcomes of all) {
    part.push(outcomes);
    keys += outcomes.batch.length;
    if (keys < LOOKUP_KEYS) continue;
    yield part;
    part = [];
    keys = 0;
  }
  yield part;
}

/** Some outcomes, and what the index says of their keys: from entry `first` on. */
interface Known {
  readonly outcomes: Outcomes;
  readonly keys: ByteStrings;
  readonly locations: Locations;
  readonly first: number;
}

/** Where a delivery goes. */
interface UpsertTarget {
  readonly index: KeyIndex;
  /** The number of the first file that is written. */
  readonly nextFile: number;
  readonly options: DataFileOptions;
}

class UpsertWork {
  readonly #input: Shape;
  readonly #content: ContentHash;
  readonly #index: KeyIndex;
  readonly #options: DataFileOptions;
  /** Rows to write. */
  #kept: Batch[] = [];
  readonly #files: StagedFile[] = [];
  #nextFile: number;
  /** In `#files`. */
  #rows = 0;
  readonly #keyStrings: CanonicalStrings;
  readonly #hasher: RowHasher;
  readonly #entries: IndexEntries;
  /** Rows by the number of their file. */
  readonly #replaced: Map<number, number[]> = new Map();
  readonly #deletedKeys: string[] = [];

  constructor(input: Shape, content: ContentHash, { index, nextFile, options }: UpsertTarget) {
    this.#input = input;
    this.#content = content;
    this.#index = index;
    this.#nextFile = nextFile;
    this.#options = options;
    this.#keyStrings = new CanonicalStrings(input.schema, keyColumns(input));
    this.#hasher = new RowHasher(input.schema);
    this.#entries = new IndexEntries(input, keyColumns(input));
  }

  /** Takes what comes to a table without rows. */
  async takeAll(all: readonly Outcomes[]): Promise<void> {
    for await (const { batch, deletes } of inTurns(all)) {
      const rows = new Int32Array(batch.length);
      let kept = 0;
      for (let row = 0; row < batch.length; row++) if (deletes[row] === 0) rows[kept++] = row;
      this.#keep(batch, rows.subarray(0, kept));
    }
  }

  /** Decides what becomes of some keys. */
  async take(some: readonly Outcomes[]): Promise<void> {
    const list = new StringList();
    for await (const { batch } of inTurns(some)) this.#keyStrings.add(batch, list);
    const keys = list.take();
    const locations = new Locations(await this.#index.get(keys));
    let first = 0;
    for await (const outcomes of inTurns(some)) {
      const conflict = this.#takeBatch({ outcomes, keys, locations, first });
      if (conflict !== undefined) throw await this.#stillThere(outcomes.batch, conflict);
      first += outcomes.batch.length;
    }
  }

  /** Decides about a batch; the row that meets one which was not taken back, if there is such a row. */
  #takeBatch(known: Known): { readonly row: number; readonly old: Location } | undefined {
    const { outcomes, locations, first } = known;
    const { batch, deletes, replaces } = outcomes;
    const hashes = locations.areNone(first, batch.length) ? undefined : this.#hasher.hashes(batch);
    const rows = new Int32Array(batch.length);
    const oldHashes = new Int32Array(batch.length * 4);
    let [kept, removed] = [0, 0];
    for (let row = 0; row < batch.length; row++) {
      const at = locations.at(first + row);
      const isDelete = deletes[row] === 1;
      if (isDelete && at >= 0) this.#delete(known.keys, first + row);
      if (!isDelete && at >= 0) {
        if (replaces[row] === 0) return { row, old: locations.read(at) };
        if (hashes !== undefined && locations.hasHash(at, hashes, row * 4)) continue;
      }
      if (at >= 0) {
        this.#remove(locations.read(at));
        locations.hash(at, oldHashes, removed++ * 4);
      }
      if (!isDelete) rows[kept++] = row;
    }
    addHashes(this.#content, oldHashes.subarray(0, removed * 4), -1);
    this.#keep(batch, rows.subarray(0, kept));
    return undefined;
  }

  #keep(batch: Batch, rows: Int32Array): void {
    if (rows.length > 0) this.#kept.push(someRows(batch, rows));
  }

  #delete(keys: ByteStrings, i: number): void {
    const key = stringAt(keys, i);
    this.#entries.add(key);
    this.#deletedKeys.push(Buffer.from(key).toString("base64"));
  }

  #remove({ file, row }: Location): void {
    const rows = this.#replaced.get(file);
    if (rows === undefined) this.#replaced.set(file, [row]);
    else rows.push(row);
  }

  async #stillThere(
    batch: Batch,
    { row, old }: { readonly row: number; readonly old: Location },
  ): Promise<DataflowError> {
    const [path] = await pathsOf(this.#index, [old.file]);
    return new DataflowError(
      "DF_SINK_KEY",
      `The row ${rowText(batch, row, "all")} has the key ${rowText(batch, row, keyColumns(this.#input))}, whose row in the ` +
        `table (row ${old.row} of "${path}") was not taken back. A keyed table holds one row per key: aggregate by ` +
        "the key before the sink, or give it more key columns.",
    );
  }

  /** Writes the rows that are kept so far. */
  async write(): Promise<void> {
    const kept = this.#kept;
    this.#kept = [];
    for (const { file, batches } of await writeDataFiles(kept, this.#options)) {
      const number = this.#nextFile++;
      let row = 0;
      for await (const batch of inTurns(batches)) {
        const hashes = this.#hasher.hashes(batch);
        addHashes(this.#content, hashes, 1);
        this.#entries.addRows(batch, hashes, { file: number, row });
        row += batch.length;
      }
      this.#entries.addFile(number, file.path);
      this.#files.push(file);
      this.#rows += file.rows;
    }
  }

  /** What is staged, once all rows are written. */
  async staged(): Promise<StagedUpsert> {
    const contentHash = this.#content.toString();
    if (this.#entries.length > 0) this.#entries.addTable(contentHash, this.#nextFile);
    return {
      files: this.#files,
      replaced: await this.#replacedRows(),
      deletedKeys: this.#deletedKeys,
      rows: this.#rows + this.#deletedKeys.length,
      contentHash,
      index: this.#entries.take(),
    };
  }

  async #replacedRows(): Promise<readonly ReplacedRows[]> {
    const paths = await pathsOf(this.#index, [...this.#replaced.keys()]);
    return [...this.#replaced.values()].map((rows, i) => ({
      path: present(paths[i], "a file's path"),
      rows,
    }));
  }
}

/** Adds any number of hashes, or, with −1, takes them away. */
function addHashes(content: ContentHash, hashes: Int32Array, diff: 1 | -1): void {
  const diffs = new Int32Array(HASHES_MAX).fill(diff);
  for (let at = 0; at < hashes.length; at += HASHES_MAX * 4)
    content.addHashes(hashes.subarray(at, at + HASHES_MAX * 4), diffs);
}

/** The keys of an intent's index changes, as `keyText` makes them. */
export function changedKeys({ keys }: IndexChanges): ReadonlySet<string> {
  const changed = new Set<string>();
  for (let i = 0; i < keys.ends.length; i++) {
    const key = stringAt(keys, i);
    if (isRowKey(key)) changed.add(keyText(key));
  }
  return changed;
}
