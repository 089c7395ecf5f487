/** Stages rows that replace each other by key. */
import { DataflowError, gatherRows } from "@df/core";
import type { Batch, IndexChange, KeyIndex, Shape, StageRequest } from "@df/core";
import { CanonicalCodec, ContentHash, rowHash } from "@df/core/batch/canonical";
import { collapse } from "./collapse.ts";
import type { Collapsed } from "./collapse.ts";
import { writeDataFiles } from "./data-files.ts";
import type { DataFileOptions, WrittenFile } from "./data-files.ts";
import { keyColumns, rowText } from "./key-rows.ts";
import { CONTENT_KEY, decodeLocation, encodeLocation, keyBytes, keyText } from "./location.ts";
import type { Location } from "./location.ts";
import type { ReplacedRows, StagedFile } from "./manifest.ts";

/** Keys that are looked up at once. */
const LOOKUP_KEYS = 4096;

/** What staging has written, before it becomes a manifest. */
export interface StagedUpsert {
  readonly files: readonly StagedFile[];
  readonly replaced: readonly ReplacedRows[];
  readonly deletedKeys: readonly string[];
  readonly rows: number;
  readonly contentHash: string;
  readonly index: readonly IndexChange[];
}

/**
 * Writes the rows that are new or other than before; a row that is as it was makes no new version of itself.
 * @throws DF_SINK_KEY when two rows of one key are left over
 */
export async function stageUpsert(
  request: StageRequest,
  input: Shape,
  index: KeyIndex,
  options: DataFileOptions,
): Promise<StagedUpsert> {
  const collapsed = await collapse(request.batches, input, options.partitionBy);
  const work = new UpsertWork(input, await contentOf(index), collapsed);
  let keys: string[] = [];
  for (const key of collapsed.changes.keys()) {
    if (keys.push(key) < LOOKUP_KEYS) continue;
    work.take(keys, await index.get(keys.map(keyBytes)));
    keys = [];
  }
  if (keys.length > 0) work.take(keys, await index.get(keys.map(keyBytes)));
  const written = await writeDataFiles(work.rows(), options);
  return work.staged(written);
}

async function contentOf(index: KeyIndex): Promise<ContentHash> {
  const [text] = await index.get([CONTENT_KEY]);
  if (text === undefined) {
    throw new DataflowError("DF_CORRUPT", "The key index of a Delta table lacks the table's content hash.");
  }
  return ContentHash.parse(Buffer.from(text).toString());
}

class UpsertWork {
  readonly #input: Shape;
  readonly #content: ContentHash;
  readonly #collapsed: Collapsed;
  readonly #rowCodec: CanonicalCodec;
  readonly #keyCodec: CanonicalCodec;
  /** Rows to write, by batch. */
  readonly #kept: Int32Array[];
  readonly #keptCounts: number[];
  readonly #replaced: Map<string, number[]> = new Map();
  readonly #deleted: Uint8Array[] = [];

  constructor(input: Shape, content: ContentHash, collapsed: Collapsed) {
    this.#input = input;
    this.#content = content;
    this.#collapsed = collapsed;
    this.#rowCodec = new CanonicalCodec(input.schema);
    this.#keyCodec = new CanonicalCodec(input.schema, keyColumns(input));
    this.#kept = collapsed.batches.map(({ length }) => new Int32Array(length));
    this.#keptCounts = collapsed.batches.map(() => 0);
  }

  /** Decides what becomes of some keys, given their index entries. */
  take(keys: readonly string[], values: readonly (Uint8Array | undefined)[]): void {
    for (const [i, key] of keys.entries()) {
      const value = values[i];
      this.#takeKey(key, value === undefined ? undefined : decodeLocation(value));
    }
  }

  #takeKey(key: string, old: Location | undefined): void {
    const change = this.#collapsed.changes.get(key);
    if (change === undefined) return;
    if (change.row === undefined) {
      if (old === undefined) return;
      this.#remove(old);
      this.#deleted.push(keyBytes(key));
      return;
    }
    const batch = this.#collapsed.batches[change.row.batch] as Batch;
    if (old !== undefined && !change.replaces) throw this.#stillThere(batch, change.row.row, old);
    const hash = rowHash(this.#rowCodec.encode(batch, change.row.row));
    if (old !== undefined) {
      if (Buffer.compare(old.hash, hash) === 0) return;
      this.#remove(old);
    }
    this.#content.addHash(hash);
    const count = this.#keptCounts[change.row.batch] as number;
    (this.#kept[change.row.batch] as Int32Array)[count] = change.row.row;
    this.#keptCounts[change.row.batch] = count + 1;
  }

  #remove({ path, row, hash }: Location): void {
    this.#content.subtractHash(hash);
    const rows = this.#replaced.get(path);
    if (rows === undefined) this.#replaced.set(path, [row]);
    else rows.push(row);
  }

  #stillThere(batch: Batch, row: number, old: Location): DataflowError {
    return new DataflowError(
      "DF_SINK_KEY",
      `The row ${rowText(batch, row, "all")} has the key ${rowText(batch, row, keyColumns(this.#input))}, whose row in the ` +
        `table (row ${old.row} of "${old.path}") was not taken back. A keyed table holds one row per key: aggregate by ` +
        "the key before the sink, or give it more key columns.",
    );
  }

  /** The rows to write. */
  rows(): Batch[] {
    const rows: Batch[] = [];
    for (const [i, batch] of this.#collapsed.batches.entries()) {
      const count = this.#keptCounts[i] as number;
      const kept = this.#kept[i] as Int32Array;
      if (count > 0) rows.push(gatherRows(batch, kept.subarray(0, count), count));
    }
    return rows;
  }

  /** What is staged, once the rows are written. */
  staged(written: readonly WrittenFile[]): StagedUpsert {
    const index: IndexChange[] = this.#deleted.map((key) => ({ key }));
    let rows = 0;
    for (const { file, batches } of written) {
      let row = 0;
      for (const batch of batches) {
        for (let i = 0; i < batch.length; i++, row++) {
          const hash = rowHash(this.#rowCodec.encode(batch, i));
          const key = this.#keyCodec.encode(batch, i).slice();
          index.push({ key, value: encodeLocation({ path: file.path, row, hash }) });
        }
      }
      rows += file.rows;
    }
    const contentHash = this.#content.toString();
    if (index.length > 0) index.push({ key: CONTENT_KEY, value: Buffer.from(contentHash) });
    return {
      files: written.map(({ file }) => file),
      replaced: [...this.#replaced].map(([path, places]) => ({ path, rows: places })),
      deletedKeys: this.#deleted.map((key) => Buffer.from(key).toString("base64")),
      rows: rows + this.#deleted.length,
      contentHash,
      index,
    };
  }
}

/** The keys of an intent's index changes, as `keyText` makes them. */
export function changedKeys(changes: readonly IndexChange[]): ReadonlySet<string> {
  return new Set(changes.filter(({ key }) => key.length > 0).map(({ key }) => keyText(key)));
}
