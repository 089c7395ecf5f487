import { assert, present } from "../assert.ts";
import { BATCH_ROWS_MAX } from "../batch/batch.ts";
import type { ColumnBuilder } from "../batch/builder.ts";
import { KeyGroups } from "../batch/key-groups.ts";
import { DataflowError } from "../error.ts";
import { TextHeap } from "./heap.ts";
import { KeyFinder } from "./key-finder.ts";
import { KeyIndex, SegmentPool } from "./key-index.ts";
import { wordsHash, type HashedWords } from "./key-hash.ts";
import { appendKeys, keyView } from "./key-columns.ts";
import { KeyCopies } from "./key-copies.ts";
import { FlatMemory } from "./memory.ts";
import { canonicalOrder } from "./order.ts";
import { KEY_GROUPS } from "../stream.ts";
import { newPane, RowPages, type Pane } from "./row-pages.ts";
import { RemovalLog, RowRecords } from "./row-records.ts";
import { RowSpans } from "./row-spans.ts";
import type { Account, StateBudget } from "./state-budget.ts";
import { StagedKeys, type StagedText } from "./staged-keys.ts";
import type { Keys, PaneId, StateTable, TableSpec } from "./state-store.ts";
import { layoutOfTable, type TableLayout } from "./table-layout.ts";

/**
 * So many keys are looked for, and made, before the next ones: what a loop has brought near is still there in the one
 * that follows.
 */
const BLOCK_KEYS = 1024;

/** What a table takes from its store. */
export interface TableOptions {
  /** Of the index hash; drawn once per process. */
  readonly seed: number;
  /** Limit of each of the table's three memories: rows, index, text. */
  readonly memoryBytesMax: number;
  /** Without one all rows stay in memory. */
  readonly budget?: StateBudget | undefined;
}

/**
 * A table in memory. A find goes hash → index slot {id, hash} → row; the row of id i begins at word i · rowWords of one
 * flat memory, until the table begins to spill: then it lies where `spans` say. How a row lies in it: table-layout.ts.
 * Which rows there are: row-pages.ts.
 */
export class MemoryStateTable implements StateTable {
  readonly layout: TableLayout;
  /** Once the budget had no room for all rows. */
  spans: RowSpans | undefined;
  readonly account: Account = { residentBytes: 0, indexBytes: 0, spilledBytes: 0 };
  /** Rows that are placed at once: fewer than stay in memory together. */
  readonly blockKeys: number;
  readonly #budget: StateBudget | undefined;
  readonly heap: TextHeap;
  readonly pages: RowPages = new RowPages();
  readonly records: RowRecords;
  /** Rows by key group, in all panes. */
  readonly counts: Int32Array = new Int32Array(KEY_GROUPS);
  readonly paneById: Map<PaneId, Pane> = new Map();
  /** What checkpoints know and is gone: rows, and panes with the key groups that were stored of them. */
  readonly removals: RemovalLog = new RemovalLog();
  readonly drops: Map<PaneId, Uint8Array> = new Map();
  readonly staged: StagedKeys;
  readonly finder: KeyFinder;
  readonly #spec: TableSpec;
  readonly rows: FlatMemory;
  readonly #segments: SegmentPool;
  readonly #copies: KeyCopies;
  readonly #keyGroups: KeyGroups;
  readonly #hashed: HashedWords;
  #size = 0;

  constructor(name: string, spec: TableSpec, { seed, memoryBytesMax, budget }: TableOptions) {
    this.layout = layoutOfTable(name, spec);
    this.#spec = spec;
    this.rows = new FlatMemory(`rows of state table "${name}"`, memoryBytesMax);
    this.#segments = new SegmentPool(`index segments of state table "${name}"`, memoryBytesMax);
    this.heap = new TextHeap(`texts of state table "${name}"`, memoryBytesMax);
    this.records = new RowRecords(this);
    this.staged = new StagedKeys(this.layout, seed);
    this.finder = new KeyFinder(this.staged, this);
    this.#copies = new KeyCopies(this.staged, this);
    this.#keyGroups = new KeyGroups(spec.key);
    this.#hashed = { plainInts: this.layout.plainInts, stride: this.layout.keyWords * 2, seed };
    this.#budget = budget;
    this.blockKeys = Math.min(BLOCK_KEYS, budget?.batchRows ?? BLOCK_KEYS);
    budget?.join(this);
  }

  get size(): number {
    return this.#size;
  }
  get words(): Float64Array {
    return this.rows.words;
  }
  get ints(): Int32Array {
    return this.rows.ints;
  }
  get longs(): BigInt64Array {
    return this.rows.longs;
  }

  insert(keys: Keys, pane: PaneId, out: Int32Array, fresh: Int32Array): number {
    if (keys.count === 0) return 0;
    if (this.#budget !== undefined) this.#spillWhenFull(this.#budget);
    this.staged.stage(keys);
    const { absent, absentRows, groups } = this.staged;
    return this.#insertStaged(this.paneMade(pane), out, fresh, (missing) => {
      for (let m = 0; m < missing; m++) absentRows[m] = keys.rows[absent[m] as number] as number;
      this.#keyGroups.write(keyView(keys, this.#spec), absentRows, missing, groups);
    });
  }

  insertAs(ids: Int32Array, count: number, pane: PaneId, out: Int32Array): void {
    if (count === 0) return;
    if (this.#budget !== undefined) this.#spillWhenFull(this.#budget);
    this.#copies.stage(ids, count);
    const { absent, absentRows, groups } = this.staged;
    const into = this.paneMade(pane);
    into.index.expect(count, true);
    this.#insertStaged(into, out, absentRows, (missing) => {
      const { groups: known } = this.pages;
      for (let m = 0; m < missing; m++) groups[m] = known[ids[absent[m] as number] as number] as number;
    });
  }

  find(keys: Keys, pane: PaneId, out: Int32Array): void {
    const within = this.paneById.get(pane);
    if (within === undefined) {
      out.fill(-1, 0, keys.count);
      return;
    }
    this.staged.stage(keys);
    for (let from = 0; from < keys.count; from += this.blockKeys) {
      this.finder.find(within, { from, to: Math.min(from + this.blockKeys, keys.count) }, out);
    }
  }

  offsets(ids: Int32Array, count: number, out: Int32Array): void {
    assert(
      count <= BATCH_ROWS_MAX,
      `state table "${this.layout.table}" is asked for ${count} offsets at once`,
    );
    const { rowWords } = this.layout;
    const places = this.spans === undefined ? ids : this.spans.placesOf(ids.subarray(0, count));
    for (let i = 0; i < count; i++) out[i] = (places[i] as number) * rowWords;
  }

  /** Where a row lies, in rows from the start of the memory: it is brought there if it was spilled. */
  placeOf(id: number): number {
    return this.spans === undefined ? id : this.spans.placeOf(id);
  }

  /** As `placeOf`, for many: valid until the next call, and not to be written to. */
  placesOf(ids: Int32Array): Int32Array {
    return this.spans === undefined ? ids : this.spans.placesOf(ids);
  }

  offset(column: string): number {
    const offset = this.layout.offsets.get(column);
    if (offset === undefined) {
      const names = [...this.layout.offsets.keys()].join(", ");
      throw new DataflowError(
        "DF_NO_COLUMN",
        `State table "${this.layout.table}" has no value column "${column}". Its value columns are: ${names}.`,
      );
    }
    return offset;
  }

  touch(ids: Int32Array, count: number): void {
    const { dirty } = this.pages;
    for (let i = 0; i < count; i++) {
      const id = ids[i] as number;
      dirty[id >>> 5] = (dirty[id >>> 5] as number) | (1 << id);
    }
    if (this.spans !== undefined) for (let i = 0; i < count; i++) this.spans.touch(ids[i] as number);
  }

  remove(ids: Int32Array, count: number): void {
    for (let i = 0; i < count; i++) this.#removeRow(ids[i] as number);
  }

  copyKeys(ids: Int32Array, count: number, into: readonly ColumnBuilder[]): void {
    for (let from = 0; from < count; from += this.blockKeys) {
      const some = ids.subarray(from, Math.min(from + this.blockKeys, count));
      appendKeys(this, this.placesOf(some), into);
    }
  }

  panes(): readonly PaneId[] {
    const ids: PaneId[] = [];
    for (const pane of this.paneById.values()) if (pane.size > 0) ids.push(pane.id);
    return ids.toSorted((a, b) => a - b);
  }

  sizeOf(pane: PaneId): number {
    return this.paneById.get(pane)?.size ?? 0;
  }

  drop(pane: PaneId): number {
    const dropped = this.paneById.get(pane);
    if (dropped === undefined) return 0;
    if (this.layout.keyTexts.length + this.layout.valueTexts.length > 0) {
      // Texts of rows that were spilled are bytes of their spans.
      for (const id of this.pages.idsOf(dropped))
        if (this.spans?.has(id) ?? true) this.#freeTexts(this.placeOf(id));
    }
    for (let group = 0; group < KEY_GROUPS; group++) {
      this.counts[group] = (this.counts[group] as number) - (dropped.counts[group] as number);
    }
    this.#size -= dropped.size;
    // A second drop of a pane before the next checkpoint is of rows that no checkpoint knows.
    if (dropped.stored.includes(1)) this.drops.set(pane, dropped.stored);
    for (const page of dropped.pages) this.spans?.discard(page);
    this.pages.drop(dropped);
    this.#releasePane(dropped);
    return dropped.size;
  }

  scan(pane: PaneId, from: number, out: Int32Array): number {
    const scanned = this.paneById.get(pane);
    if (scanned === undefined) return 0;
    scanned.order ??= canonicalOrder(this, scanned.ids ?? this.pages.idsOf(scanned));
    return copied(scanned.order, from, out);
  }

  list(pane: PaneId, from: number, out: Int32Array): number {
    const listed = this.paneById.get(pane);
    if (listed === undefined) return 0;
    listed.ids ??= listed.order ?? this.pages.idsOf(listed);
    return copied(listed.ids, from, out);
  }

  /** A new zeroed row for staged key i, which must not be there. */
  create(pane: Pane, i: number, group: number): number {
    pane.index.reserve(this.staged.hashes[i] as number);
    return this.#enter(pane, i, group, this.finder.slotOf(pane, i));
  }

  /** The pane of an id, made where absent. */
  paneMade(id: PaneId): Pane {
    let pane = this.paneById.get(id);
    if (pane === undefined) {
      assert(
        this.layout.panes || id === 0,
        `state table "${this.layout.table}" has no panes, and is given pane ${id}`,
      );
      pane = newPane(id, new KeyIndex(this.#segments));
      this.paneById.set(id, pane);
    }
    return pane;
  }

  /** Ids of the staged keys. `writeGroups` writes the key groups of those that are absent to `staged.groups`. */
  #insertStaged(
    pane: Pane,
    out: Int32Array,
    fresh: Int32Array,
    writeGroups: (missing: number) => void,
  ): number {
    const { count } = this.staged;
    let made = 0;
    for (let from = 0; from < count; from += this.blockKeys) {
      const missing = this.finder.find(pane, { from, to: Math.min(from + this.blockKeys, count) }, out);
      if (missing === 0) continue;
      writeGroups(missing);
      made += this.#make(pane, missing, out, fresh.subarray(made));
    }
    this.touch(out, count);
    return made;
  }

  /** Makes rows for the keys that the finder found absent; one that comes twice is made once. Returns how many. */
  #make(pane: Pane, missing: number, out: Int32Array, fresh: Int32Array): number {
    const { absent, groups, hashes } = this.staged;
    pane.index.expect(missing, false);
    let made = 0;
    for (let m = 0; m < missing; m++) {
      const i = absent[m] as number;
      pane.index.reserve(hashes[i] as number);
      const slot = this.finder.slotOf(pane, i);
      const entered = this.#segments.memory.ints[slot] as number;
      if (entered !== 0) out[i] = entered - 1;
      else {
        out[i] = this.#enter(pane, i, groups[m] as number, slot);
        fresh[made++] = i;
      }
    }
    return made;
  }

  /** A new zeroed row for staged key i, in a free slot. */
  #enter(pane: Pane, i: number, group: number, slot: number): number {
    const { rowWords, keyWords, keyTexts } = this.layout;
    const id = this.pages.take(pane, group);
    if (this.spans === undefined) this.rows.reserve(this.pages.count * 64 * rowWords * 8);
    const place = this.placeOf(id);
    const { ints: rows, words } = this.rows;
    const start = place * rowWords * 2;
    const key = i * keyWords * 2;
    const keys = this.staged.ints;
    for (let k = 0; k < keyWords * 2; k++) rows[start + k] = keys[key + k] as number;
    for (let word = place * rowWords + keyWords; word < (place + 1) * rowWords; word++) words[word] = 0;
    for (let t = 0; t < keyTexts.length; t++) {
      const { bytes, starts, ends } = this.staged.texts[t] as StagedText;
      rows[start + (keyTexts[t] as number) * 2] = this.heap.put(
        bytes,
        starts[i] as number,
        ends[i] as number,
      );
    }
    pane.index.enter(this.staged.hashes[i] as number, id, slot);
    pane.order = pane.ids = undefined;
    this.#count(pane, group, 1);
    // Only now: a row that has no words yet cannot be spilled.
    if ((id & 63) === 0 && this.#budget !== undefined) this.#spillWhenFull(this.#budget);
    return id;
  }

  #removeRow(id: number): void {
    const pane = this.pages.owners[id >>> 6];
    assert(
      pane !== undefined && this.pages.has(id),
      `row ${id} of state table "${this.layout.table}" does not exist`,
    );
    const group = this.pages.groups[id] as number;
    if (this.pages.isKept(id)) this.removals.append(this.records, { id, group, pane: pane.id });
    const place = this.placeOf(id);
    pane.index.remove(wordsHash(this.rows.ints, place * this.layout.rowWords * 2, this.#hashed), id);
    this.#freeTexts(place);
    this.pages.give(pane, id);
    this.spans?.touch(id);
    if (this.pages.owners[id >>> 6] === undefined) this.spans?.discard(id >>> 6);
    pane.order = pane.ids = undefined;
    this.#count(pane, group, -1);
    if (pane.size === 0 && this.layout.panes) this.#releasePane(pane);
  }

  #count(pane: Pane, group: number, by: 1 | -1): void {
    pane.size += by;
    pane.counts[group] = (pane.counts[group] as number) + by;
    this.counts[group] = (this.counts[group] as number) + by;
    this.#size += by;
  }

  #releasePane(pane: Pane): void {
    pane.index.release();
    this.paneById.delete(pane.id);
  }

  #freeTexts(place: number): void {
    const start = place * this.layout.rowWords;
    for (const word of this.layout.keyTexts) this.heap.free(this.rows.ints[(start + word) * 2] as number);
    this.freeValueTexts(place);
  }

  /** Frees the declared text values of the row at a place; their words are left as they are. */
  freeValueTexts(place: number): void {
    const start = place * this.layout.rowWords;
    for (const word of this.layout.valueTexts) this.heap.free(this.rows.words[start + word] as number);
  }

  /** See StateBudget. */
  release(): void {
    this.spans?.release();
  }
  giveBack(): void {
    this.#spilling(present(this.#budget, "a budget")).giveBack();
    this.settleAccount();
  }

  /** Tells the budget what the table has now. @throws DF_STATE_FULL */
  settleAccount(): void {
    const { spans, pages, heap } = this;
    const rowBytes = spans?.berthBytes ?? pages.count * 64 * this.layout.rowWords * 8;
    this.#budget?.enter(this.account, {
      residentBytes: rowBytes + heap.usedBytes,
      indexBytes: this.#segments.memory.bytes.length + pages.sizeBytes + (spans?.indexBytes ?? 0),
      spilledBytes: spans?.spilledBytes ?? 0,
    });
  }

  /** Begins to spill when the budget has no room for more, and makes room for texts. */
  #spillWhenFull(budget: StateBudget): void {
    this.settleAccount();
    if (!budget.allows(this.account)) this.#spilling(budget).makeRoom();
  }

  #spilling(budget: StateBudget): RowSpans {
    this.spans ??= new RowSpans(this, budget);
    return this.spans;
  }
}

/** As many of the ids from the `from`-th on as there is room for. */
function copied(ids: Int32Array, from: number, out: Int32Array): number {
  const some = ids.subarray(from, from + out.length);
  out.set(some);
  return some.length;
}
