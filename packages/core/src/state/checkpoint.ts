import { ChunkWriter, corrupt, type ReadChunk } from "./chunk.ts";
import { padded, RecordBytes } from "./row-records.ts";
import { KEY_GROUPS } from "../stream.ts";
import type { Pane } from "./row-pages.ts";
import type { Chunk } from "./state-store.ts";
import { ones } from "./span-image.ts";
import { textOf, type StagedText } from "./staged-keys.ts";
import { assertSameLayout } from "./table-layout.ts";
import type { MemoryStateTable } from "./table.ts";

/** Room for pieces that a table keeps between checkpoints. */
const PIECES_KEPT_BYTES_MAX = 1 << 20;

/** The bits of 32 rows side by side. */
const ALL = -1;
/** Rows that are written at once: somebody else may have the thread behind them. */
const ROWS_AT_ONCE = 8192;

/** Writes what has changed in a table to chunks, and chunks back into a table. */
export class TableCheckpoint {
  readonly #table: MemoryStateTable;
  /** Key groups of which chunks with rows may be stored. */
  readonly #stored: Uint8Array = new Uint8Array(KEY_GROUPS);
  readonly #id: Int32Array = new Int32Array(1);
  /** Where pieces are made; one that has become large is not kept. */
  #pieces: RecordBytes = new RecordBytes();

  constructor(table: MemoryStateTable) {
    this.#table = table;
  }

  /** See StatePages.gathered; `pieceBytesMax` is for tests. */
  *gather(rewrite: (keyGroup: number) => boolean, pieceBytesMax?: number): Generator<readonly Chunk[], void> {
    const table = this.#table;
    const { full, starts } = this.#plan(rewrite);
    const ids = this.#written(full, starts);
    const writer = new ChunkWriter(table.layout, this.#room(), pieceBytesMax);
    for (let group = 0; group < KEY_GROUPS; group++) {
      writer.begin(group, full[group] === 1);
      if (full[group] === 0) this.#writeGone(group, writer);
      yield* this.#writeRows(ids.subarray(starts[group], starts[group + 1]), writer);
      writer.end();
      yield writer.take();
      this.#stored[group] =
        (table.counts[group] as number) > 0 || (this.#stored[group] === 1 && full[group] === 0) ? 1 : 0;
    }
    this.#clear();
  }

  #room(): RecordBytes {
    if (this.#pieces.bytes.length > PIECES_KEPT_BYTES_MAX) this.#pieces = new RecordBytes();
    return this.#pieces;
  }

  /** Applies a chunk. Chunks come in the order of their epochs. @throws DF_STATE_CHANGED, DF_CORRUPT */
  apply(chunk: ReadChunk): void {
    const table = this.#table;
    assertSameLayout(table.layout, chunk.layoutLines);
    if (chunk.full && chunk.sequence === 0) this.#clearGroup(chunk.keyGroup);
    const reader = new RecordReader(chunk);
    for (let i = 0; i < chunk.counts.drops; i++) this.#dropGroup(reader.pane(), chunk.keyGroup);
    for (let i = 0; i < chunk.counts.removals; i++) this.#applyRemoval(reader);
    for (let i = 0; i < chunk.counts.rows; i++) this.#applyRow(reader, chunk.keyGroup);
    reader.end();
    this.#stored[chunk.keyGroup] = 1;
  }

  /** Chunks with rows of the key group are stored, whose rows came here otherwise. */
  noteStored(group: number): void {
    this.#stored[group] = 1;
  }

  /** To be called after the last chunk: everything is now as the checkpoints know it. */
  restored(): void {
    this.#clear();
  }

  /**
   * Which groups are written in full: where asked for, where more than half is touched, and where a group is empty now;
   * and where the rows of each begin among those that are written.
   */
  #plan(rewrite: (keyGroup: number) => boolean): { full: Uint8Array; starts: Int32Array } {
    const { counts } = this.#table;
    const { dirty, used, groups, tags, count } = this.#table.pages;
    const touched = new Int32Array(KEY_GROUPS);
    for (let half = 0; half < count * 2; half++) {
      let bits = (dirty[half] as number) & (used[half] as number);
      const tag = tags[half >>> 1] as number;
      if (tag >= 0) {
        touched[tag] = (touched[tag] as number) + ones(bits);
        continue;
      }
      for (; bits !== 0; bits &= bits - 1) {
        const group = groups[half * 32 + lowest(bits)] as number;
        touched[group] = (touched[group] as number) + 1;
      }
    }
    const full = new Uint8Array(KEY_GROUPS);
    const starts = new Int32Array(KEY_GROUPS + 1);
    for (let group = 0; group < KEY_GROUPS; group++) {
      const rows = counts[group] as number;
      if (rows === 0) full[group] = this.#stored[group] as number;
      else if ((touched[group] as number) * 2 > rows || rewrite(group)) full[group] = 1;
      starts[group + 1] = (starts[group] as number) + (full[group] === 1 ? rows : (touched[group] as number));
    }
    return { full, starts };
  }

  /** Ids of the rows to write: those of group g stand from `starts[g]` to `starts[g + 1]`. */
  #written(full: Uint8Array, starts: Int32Array): Int32Array {
    const { used, dirty, tags, groups, count } = this.#table.pages;
    const ids = new Int32Array(starts[KEY_GROUPS] as number);
    const ends = starts.slice();
    const anyFull = full.includes(1);
    for (let half = 0; half < count * 2; half++) {
      const here = used[half] as number;
      const touched = here & (dirty[half] as number);
      const tag = tags[half >>> 1] as number;
      if (tag >= 0) {
        let at = ends[tag] as number;
        const bits = full[tag] === 1 ? here : touched;
        if (bits === ALL) for (let id = half * 32; id < half * 32 + 32; id++) ids[at++] = id;
        else for (let left = bits; left !== 0; left &= left - 1) ids[at++] = half * 32 + lowest(left);
        ends[tag] = at;
        continue;
      }
      for (let bits = anyFull ? here : touched; bits !== 0; bits &= bits - 1) {
        const slot = lowest(bits);
        const group = groups[half * 32 + slot] as number;
        if (full[group] === 0 && ((touched >>> slot) & 1) === 0) continue;
        const at = ends[group] as number;
        ids[at] = half * 32 + slot;
        ends[group] = at + 1;
      }
    }
    return ids;
  }

  #writeGone(group: number, writer: ChunkWriter): void {
    const { drops, removals, layout } = this.#table;
    for (const [pane, groups] of drops) {
      if (groups[group] !== 1) continue;
      const { target, at } = writer.add("drops", 8);
      target.words[at / 8] = pane;
    }
    for (const start of removals.of(group)) {
      const record = removals.record(start, layout.panes);
      const { target, at } = writer.add("removals", record.length);
      target.bytes.set(record, at);
    }
  }

  *#writeRows(ids: Int32Array, writer: ChunkWriter): Generator<readonly Chunk[], void> {
    const { records, layout, pages } = this.#table;
    const paneBytes = layout.panes ? 8 : 0;
    for (let i = 0, rest = ROWS_AT_ONCE; i < ids.length;) {
      const sizeBytes = paneBytes + records.sizeBytes(ids[i] as number, "row");
      // Without texts all records have one size: room is then made for many at once.
      const { target, at, count } = writer.add(
        "rows",
        sizeBytes,
        records.hasTexts ? 1 : Math.min(rest, ids.length - i),
      );
      const some = ids.subarray(i, i + count);
      if (layout.panes) {
        for (let k = 0, start = at; k < count; k++, start += sizeBytes) {
          target.words[start / 8] = (pages.owners[(some[k] as number) >>> 6] as Pane).id;
        }
      }
      if (records.hasTexts) records.write(some[0] as number, "row", target, at + paneBytes);
      else records.writeAll(some, target, at, { sizeBytes, behind: paneBytes });
      i += count;
      rest -= count;
      if (rest > 0) continue;
      yield writer.take();
      rest = ROWS_AT_ONCE;
    }
  }

  #clear(): void {
    const { pages, paneById, removals, drops } = this.#table;
    pages.dirty.fill(0, 0, pages.count * 2);
    pages.kept.set(pages.used.subarray(0, pages.count * 2));
    for (const pane of paneById.values()) {
      for (let group = 0; group < KEY_GROUPS; group++) pane.stored[group] = pane.counts[group] === 0 ? 0 : 1;
    }
    removals.clear();
    drops.clear();
  }

  #clearGroup(group: number): void {
    if (this.#table.counts[group] === 0) return;
    for (const pane of this.#table.paneById.values()) this.#dropGroup(pane.id, group);
  }

  #dropGroup(paneId: number, group: number): void {
    const table = this.#table;
    const pane = table.paneById.get(paneId);
    if (pane === undefined || pane.counts[group] === 0) return;
    const ids = table.pages.idsOf(pane).filter((id) => table.pages.groups[id] === group);
    table.remove(ids, ids.length);
  }

  #applyRemoval(reader: RecordReader): void {
    const table = this.#table;
    const pane = table.paneById.get(table.layout.panes ? reader.pane() : 0);
    this.#stageKey(reader, table.layout.keyWords);
    if (pane === undefined) return;
    this.#id[0] = table.finder.seek(pane, 0);
    if ((this.#id[0] as number) >= 0) table.remove(this.#id, 1);
  }

  #applyRow(reader: RecordReader, group: number): void {
    const table = this.#table;
    const { keyWords, rowWords, valueTexts } = table.layout;
    const pane = table.paneMade(table.layout.panes ? reader.pane() : 0);
    const start = reader.int;
    this.#stageKey(reader, rowWords);
    let id = table.finder.seek(pane, 0);
    if (id < 0) id = table.create(pane, 0, group);
    else table.freeValueTexts(table.placeOf(id));
    table.spans?.touch(id);
    const row = table.placeOf(id) * rowWords;
    const { ints, words } = table;
    for (let k = keyWords * 2; k < rowWords * 2; k++) ints[row * 2 + k] = reader.ints[start + k] as number;
    for (const word of valueTexts) {
      const length = (reader.ints[start + word * 2] as number) - 1;
      const at = length < 0 ? 0 : reader.text(length);
      words[row + word] = length < 0 ? 0 : table.heap.put(reader.bytes, at, at + length);
    }
    reader.pad();
  }

  /** Stages the key of the record at the reader, which then stands behind its words and key texts. */
  #stageKey(reader: RecordReader, words: number): void {
    const { staged, layout } = this.#table;
    const start = reader.take(words);
    staged.reserve(1);
    for (let k = 0; k < layout.keyWords * 2; k++) staged.ints[k] = reader.ints[start + k] as number;
    for (let t = 0; t < layout.keyTexts.length; t++) {
      const text = staged.texts[t] as StagedText;
      const length = (reader.ints[start + (layout.keyTexts[t] as number) * 2] as number) - 1;
      if (text.bytes !== reader.bytes) Object.assign(text, textOf(reader.bytes));
      text.starts[0] = reader.text(length);
      text.ends[0] = (text.starts[0] as number) + length;
    }
    staged.rehash();
    if (words === layout.keyWords) reader.pad();
  }
}

/** The lowest bit that is set. */
function lowest(bits: number): number {
  return 31 - Math.clz32(bits & -bits);
}

/** Reads the records of a chunk one after another; never behind its end. */
class RecordReader {
  readonly bytes: Uint8Array;
  readonly ints: Int32Array;
  readonly #words: Float64Array;
  readonly #table: string;
  #at: number;

  constructor({ bytes, startBytes, table }: ReadChunk) {
    this.bytes = bytes;
    this.ints = new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length / 4);
    this.#words = new Float64Array(bytes.buffer, bytes.byteOffset, bytes.length / 8);
    this.#table = table;
    this.#at = startBytes;
  }

  /** Index in `ints` of what comes next. */
  get int(): number {
    return this.#at / 4;
  }

  pane(): number {
    return this.#words[this.take(1) / 2] as number;
  }

  /** Passes over words; returns their index in `ints`. */
  take(words: number): number {
    return this.#pass(words * 8) / 4;
  }

  /** Passes over text; returns where it begins. */
  text(length: number): number {
    if (length < 0) throw corrupt(this.#table, `has a text of ${length} bytes`);
    return this.#pass(length);
  }

  /** Passes over the filling behind texts. */
  pad(): void {
    this.#at = padded(this.#at);
  }

  end(): void {
    if (this.#at !== this.bytes.length) {
      throw corrupt(this.#table, `has ${this.bytes.length - this.#at} bytes too many`);
    }
  }

  #pass(sizeBytes: number): number {
    const start = this.#at;
    this.#at = start + sizeBytes;
    if (this.#at > this.bytes.length) throw corrupt(this.#table, "ends within a row");
    return start;
  }
}
