/**
 * Runs of key indexes as SQLite has them: pages of entries in the order of their keys, each found by its first key. A
 * run is written once, from its first key to its last, and never changed.
 */
import {
  compareStrings,
  type ByteStrings,
  FETCHED_STRINGS,
  fetchStrings,
  startOf,
  stringAt,
  StringList,
} from "../batch/byte-strings.ts";
import type { IndexChanges } from "../connector.ts";
import { packChanges, unpackChanges } from "./index-changes.ts";
import type { SqlDatabase, SqlStatement } from "./sql.ts";

/** Bytes of keys and values from which on a page is full. */
const PAGE_BYTES = 5 * 1024;

/** A run of a sink's index. */
export interface RunName {
  readonly sink: string;
  readonly run: number;
}

/** The pages of all runs. All methods are called within a transaction. */
export class KeyPages {
  readonly #find: SqlStatement<[string, number, Uint8Array], { bytes: Uint8Array }>;
  readonly #first: SqlStatement<[string, number], { first: Uint8Array; bytes: Uint8Array }>;
  readonly #next: SqlStatement<[string, number, Uint8Array], { first: Uint8Array; bytes: Uint8Array }>;
  readonly #put: SqlStatement<[string, number, Uint8Array, Uint8Array]>;
  readonly #remove: SqlStatement<[string, number]>;

  constructor(db: SqlDatabase) {
    const pages = "FROM key_page WHERE sink = +? AND run = +?";
    this.#find = db.prepare(`SELECT bytes ${pages} AND first <= +? ORDER BY first DESC LIMIT 1`);
    this.#first = db.prepare(`SELECT first, bytes ${pages} ORDER BY first LIMIT 1`);
    this.#next = db.prepare(`SELECT first, bytes ${pages} AND first > +? ORDER BY first LIMIT 1`);
    this.#put = db.prepare("INSERT INTO key_page VALUES (?, ?, ?, ?)");
    this.#remove = db.prepare(`DELETE ${pages}`);
  }

  /** Writes a run, to which entries are added in the order of their keys. */
  write({ sink, run }: RunName): RunWriter {
    return new RunWriter((first, page) => this.#put.run(sink, run, first, page));
  }

  /** The entries of a run in their order, page by page. */
  *read({ sink, run }: RunName): Generator<IndexChanges, void, undefined> {
    let page = this.#first.get(sink, run);
    while (page !== undefined) {
      yield unpackChanges(page.bytes);
      page = this.#next.get(sink, run, page.first);
    }
  }

  /** Removes a run. */
  remove({ sink, run }: RunName): void {
    this.#remove.run(sink, run);
  }

  /** Looks in a run for what a search has not found yet. */
  search({ sink, run }: RunName, search: KeySearch): void {
    for (let key = search.begin(); key !== undefined; key = search.next()) {
      const page = this.#find.get(sink, run, key);
      if (page === undefined) search.skip();
      else search.look(unpackChanges(page.bytes));
    }
  }
}

/** A run under way. */
export class RunWriter {
  /** Bytes of all pages so far. */
  size = 0;
  readonly #put: (first: Uint8Array, page: Uint8Array) => void;
  readonly #keys: StringList = new StringList();
  readonly #values: StringList = new StringList();

  constructor(put: (first: Uint8Array, page: Uint8Array) => void) {
    this.#put = put;
  }

  /** Adds entry `i` of some, whose key comes behind all that were added. */
  add({ keys, values }: IndexChanges, i: number): void {
    this.#keys.add(keys.bytes, startOf(keys, i), keys.ends[i] as number);
    this.#values.add(values.bytes, startOf(values, i), values.ends[i] as number);
    if (this.#keys.size + this.#values.size >= PAGE_BYTES) this.end();
  }

  /** Adds entries in an order, ascending by key. */
  addAll(entries: IndexChanges, order: Uint32Array): void {
    for (let k = 0; k < order.length; k++) {
      if (k % FETCHED_STRINGS === 0) {
        fetchStrings(entries.keys, order, k);
        fetchStrings(entries.values, order, k);
      }
      this.add(entries, order[k] as number);
    }
  }

  /** Ends the page that is not full, as the last one. */
  end(): void {
    if (this.#keys.length === 0) return;
    const keys = this.#keys.take();
    const page = packChanges({ keys, values: this.#values.take() });
    this.#put(stringAt(keys, 0), page);
    this.size += page.length;
  }
}

/** Keys that are looked for in one run after the other, until an entry is found. */
export class KeySearch {
  readonly #keys: ByteStrings;
  /** Keys without an entry so far, ascending. */
  readonly #missing: Uint32Array;
  #count: number;
  /** How many of them were looked for in this run, and were not there. */
  #looked = 0;
  #kept = 0;
  /** Up to which place keys were brought near. */
  #near = 0;
  /** Values in the order in which they were found, behind one of no bytes; and by key which of them is its own. */
  readonly #values: StringList = new StringList();
  readonly #valueOf: Uint32Array;

  /** `order`: the numbers of the keys, ascending by key. */
  constructor(keys: ByteStrings, order: Uint32Array) {
    this.#keys = keys;
    this.#missing = order;
    this.#count = order.length;
    this.#valueOf = new Uint32Array(order.length);
    this.#values.add(keys.bytes, 0, 0);
  }

  /** Begins with a run: the first key to look for. */
  begin(): Uint8Array | undefined {
    this.#looked = 0;
    this.#kept = 0;
    this.#near = 0;
    return this.next();
  }

  /** The next key to look for; undefined when the run is done. */
  next(): Uint8Array | undefined {
    if (this.#looked < this.#count)
      return stringAt(this.#keys, this.#missing[this.#looked] as number).slice();
    this.#count = this.#kept;
    return undefined;
  }

  /** The run has no page for the next key. */
  skip(): void {
    this.#missing[this.#kept++] = this.#missing[this.#looked++] as number;
  }

  /** Looks for the next key, and those behind it, in the page to which it belongs: as far as that page goes. */
  look({ keys: known, values }: IndexChanges): void {
    const first = this.#looked;
    for (let at = 0; this.#looked < this.#count;) {
      if (this.#looked >= this.#near) this.#near = this.#fetch();
      const key = this.#missing[this.#looked] as number;
      at = placeOf(known, at, this.#keys, key);
      if (at === known.ends.length) {
        // Between this page and the next one there is nothing.
        if (this.#looked === first) this.skip();
        return;
      }
      if (compareStrings(known, at, this.#keys, key) === 0) {
        this.#valueOf[key] = this.#values.length;
        this.#values.add(values.bytes, startOf(values, at), values.ends[at] as number);
        this.#looked++;
      } else this.skip();
    }
  }

  #fetch(): number {
    fetchStrings(this.#keys, this.#missing, this.#looked);
    return this.#looked + FETCHED_STRINGS;
  }

  /** The values in the order of the keys; empty where nothing was found. */
  found(): ByteStrings {
    const values = this.#values.take();
    const list = new StringList();
    for (let key = 0; key < this.#valueOf.length; key++) {
      if (key % FETCHED_STRINGS === 0) fetchStrings(values, this.#valueOf, key);
      const nth = this.#valueOf[key] as number;
      list.add(values.bytes, startOf(values, nth), values.ends[nth] as number);
    }
    return list.take();
  }
}

/** The first place from `at` on whose string does not come before string `i` of `keys`. */
function placeOf(known: ByteStrings, at: number, keys: ByteStrings, i: number): number {
  let place = at;
  while (place < known.ends.length && compareStrings(known, place, keys, i) < 0) place++;
  return place;
}
