import { assert } from "../assert.ts";
import { SpanImages, type TableMemory } from "./span-image.ts";
import { PiecesAhead } from "./pieces-ahead.ts";
import type { RowPages } from "./row-pages.ts";
import type { Account, StateBudget } from "./state-budget.ts";

/** A span is as many rows of a page, a power of two, as fit such a size; or one row. */
const SPAN_BYTES = 1024;
const PAGE_BITS = 6;
const ABSENT = -1;
/** Rows that were asked for in this era and the three before it stay. */
const ERAS_KEPT = 4;

/** What a table shows of itself to its spans. */
export interface SpannedTable extends TableMemory {
  readonly pages: RowPages;
  readonly account: Account;
  /** Enters what the table has now into its account. */
  settleAccount(): void;
}

/**
 * Where the rows of a table lie once it has begun to spill. Rows go to the scratch file, and come back, by spans: a
 * few neighbours of one page. A span that is in memory lies in a berth. Which one is given up is decided by a clock
 * (Corbató 1968): a hand goes round the berths and takes the first that was not asked for since its last visit.
 *
 * Of the rows that a call asks for, those that were spilled are found first: room is made for all of them, then they
 * are read. The scratch file hears ahead of what is written over and read.
 *
 * What was asked for stays where it is until three batches' worth of other spans were asked for (`batchRows`), and longer
 * where there is room. A span is written again only if it may have changed: it was touched, or has rows that were
 * touched since the last checkpoint, which an operator may write to without touching them once more.
 */
export class RowSpans {
  /** Rows of a span, as a power of two. */
  readonly #shift: number;
  readonly #table: SpannedTable;
  readonly #budget: StateBudget;
  readonly #images: SpanImages;
  /** By span: its berth; where its bytes are in the scratch file and how many, 0 for none; whether they are old. */
  #berths: Int32Array = new Int32Array(0);
  #scratchPlaces: Uint32Array = new Uint32Array(0);
  #scratchBytes: Uint32Array = new Uint32Array(0);
  #changed: Uint8Array = new Uint8Array(0);
  /** By berth: its span; the era in which it was asked for last; whether that was after the hand's last visit. */
  #spans: Int32Array = new Int32Array(0);
  #eras: Float64Array = new Float64Array(0);
  #asked: Uint8Array = new Uint8Array(0);
  #berthCount = 0;
  readonly #free: number[] = [];
  #hand = 0;
  #era = ERAS_KEPT;
  /** Spans that were asked for in this era. */
  #askedCount = 0;
  /** The era in which all berths had to stay: no need to look again before the next. */
  #fullEra = 0;
  spilledBytes = 0;
  /** Makes `placesOf` write to its own memory. */
  #places: Int32Array = new Int32Array(0);
  /** What a call is about to read, and what it is about to write over. */
  readonly #coming: PiecesAhead = new PiecesAhead();
  readonly #going: PiecesAhead = new PiecesAhead();

  /** Rows lie where their ids say, until now. */
  constructor(table: SpannedTable, budget: StateBudget) {
    this.#table = table;
    this.#budget = budget;
    this.#images = new SpanImages(table);
    const rowBytes = table.layout.rowWords * 8;
    this.#shift = Math.max(0, Math.min(PAGE_BITS, Math.floor(Math.log2(SPAN_BYTES / rowBytes))));
    const spans = table.pages.count << (PAGE_BITS - this.#shift);
    this.#growSpans(spans);
    this.#growBerths(spans);
    this.#berthCount = spans;
    for (let span = 0; span < spans; span++) {
      if (table.pages.owners[span >>> (PAGE_BITS - this.#shift)] === undefined) this.#vacate(span);
      else {
        this.#berths[span] = span;
        this.#spans[span] = span;
        this.#changed[span] = 1;
      }
    }
  }

  /** Bytes of all berths. */
  get berthBytes(): number {
    return this.#berthCount * this.#spanBytes;
  }

  /** Bytes that spans and berths take beside their rows. */
  get indexBytes(): number {
    return this.#berths.length * 13 + this.#spans.length * 13;
  }

  /** Where a row lies, in rows from the start of the memory; brought there if it is not. */
  placeOf(id: number): number {
    const span = id >>> this.#shift;
    if (span >= this.#berths.length) this.#growSpans(span + 1);
    let berth = this.#berths[span] as number;
    if (berth === ABSENT) berth = this.#bring(span);
    if (this.#eras[berth] !== this.#era) this.#ask(berth);
    return (berth << this.#shift) | (id & ((1 << this.#shift) - 1));
  }

  /** As `placeOf`, for many; of a batch at most; below 0 is left as it is. Valid until the next call. */
  placesOf(ids: Int32Array): Int32Array {
    assert(
      ids.length <= this.#budget.batchRows,
      "no more rows are placed at once than stay in memory together",
    );
    if (ids.length > this.#places.length) this.#places = new Int32Array(ids.length);
    const places = this.#places.subarray(0, ids.length);
    if (this.spilledBytes > 0) this.#lookAhead(ids);
    for (let i = 0; i < ids.length; i++) {
      const id = ids[i] as number;
      places[i] = id < 0 ? id : this.placeOf(id);
    }
    this.#coming.clear();
    return places;
  }

  /** A row is about to change, or has. */
  touch(id: number): void {
    this.#changed[id >>> this.#shift] = 1;
  }

  /** The page has no rows any more. */
  discard(page: number): void {
    const first = page << (PAGE_BITS - this.#shift);
    const end = Math.min((page + 1) << (PAGE_BITS - this.#shift), this.#berths.length);
    for (let span = first; span < end; span++) {
      const berth = this.#berths[span] as number;
      const bytes = this.#scratchBytes[span] as number;
      if (berth === ABSENT) this.spilledBytes -= bytes;
      else this.#vacate(berth);
      this.#berths[span] = ABSENT;
      if (bytes > 0) this.#budget.scratch.free(this.#scratchPlaces[span] as number, bytes);
      this.#scratchBytes[span] = 0;
    }
  }

  /** Whether a row is in memory. */
  has(id: number): boolean {
    return (this.#berths[id >>> this.#shift] ?? ABSENT) !== ABSENT;
  }

  /** Nothing that was asked for has to stay. */
  release(): void {
    this.#era += ERAS_KEPT;
    this.#askedCount = 0;
  }

  /** Spills until texts have room below the budget, or nothing is left that may go. */
  makeRoom(): void {
    const { heap, account } = this.#table;
    while (!this.#budget.allows(account) && heap.liveBytes > heap.usedBytes * 0.9) {
      const berth = this.#nextToGo();
      if (berth === undefined) return;
      this.#spill(berth);
      this.#vacate(berth);
    }
  }

  /** Spills all rows, and gives all memory for rows and texts back. Not within a call of an operator. */
  giveBack(): void {
    for (let berth = 0; berth < this.#berthCount; berth++)
      if (this.#spans[berth] !== ABSENT) this.#spill(berth);
    this.#table.rows.clear();
    this.#table.heap.clear();
    this.#free.length = 0;
    this.#berthCount = 0;
    this.#hand = 0;
  }

  /** Finds out which spans a call is about to bring, and makes room for all of them before the first one comes. */
  #lookAhead(ids: Int32Array): void {
    let count = 0;
    let last = ABSENT;
    for (let i = 0; i < ids.length; i++) {
      const span = (ids[i] as number) >> this.#shift;
      const berth = this.#berths[span];
      if (berth === undefined || span === last) continue;
      last = span;
      if (berth !== ABSENT) {
        if (this.#eras[berth] !== this.#era) this.#ask(berth);
      } else if ((this.#scratchBytes[span] as number) > 0) {
        this.#coming.add(this.#scratchPlaces[span] as number, this.#scratchBytes[span] as number);
        count++;
      }
    }
    if (count < 2) return this.#coming.clear();
    this.#vacateFor(count);
    this.#coming.begin(this.#budget.scratch);
  }

  /** Spills spans until so many berths are free, as far as the budget does not allow further ones. */
  #vacateFor(count: number): void {
    const berths: number[] = [];
    while (berths.length + this.#free.length < count && !this.#budget.allows(this.#table.account)) {
      const berth = this.#nextToGo();
      if (berth === undefined) break;
      berths.push(berth);
      // So that it is not found twice.
      this.#eras[berth] = this.#era;
      const span = this.#spans[berth] as number;
      const bytes = this.#scratchBytes[span] as number;
      if (bytes > 0 && this.#changed[span] === 1) this.#going.add(this.#scratchPlaces[span] as number, bytes);
    }
    const { scratch } = this.#budget;
    this.#going.begin(scratch);
    for (const berth of berths) {
      this.#spill(berth);
      this.#vacate(berth);
      this.#going.next(scratch);
    }
    this.#going.clear();
    this.makeRoom();
  }

  get #spanBytes(): number {
    return (this.#table.layout.rowWords * 8) << this.#shift;
  }

  #ask(berth: number): void {
    this.#eras[berth] = this.#era;
    this.#asked[berth] = 1;
    if (++this.#askedCount < this.#budget.batchRows) return;
    this.#era++;
    this.#askedCount = 0;
  }

  /** Gives a span a berth, and reads its rows if it has any. */
  #bring(span: number): number {
    const berth = this.#emptyBerth();
    this.#berths[span] = berth;
    this.#spans[berth] = span;
    // It must not be given up before whoever asks has seen it.
    this.#eras[berth] = this.#era - 1;
    const bytes = this.#scratchBytes[span] as number;
    this.#changed[span] = bytes === 0 || this.#isTouched(span) ? 1 : 0;
    if (bytes > 0) {
      this.#budget.scratch.read(this.#scratchPlaces[span] as number, this.#images.room(bytes));
      this.#images.give(span, berth << this.#shift, bytes);
      this.spilledBytes -= bytes;
      this.#budget.reads++;
      this.#coming.next(this.#budget.scratch);
    }
    this.#table.settleAccount();
    return berth;
  }

  #emptyBerth(): number {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (!this.#budget.allows(this.#table.account)) {
      const berth = this.#nextToGo();
      if (berth !== undefined) {
        this.#spill(berth);
        this.makeRoom();
        return berth;
      }
    }
    const berth = this.#berthCount;
    this.#table.rows.reserve((berth + 1) * this.#spanBytes);
    if (berth >= this.#spans.length) this.#growBerths(Math.max(16, berth * 2));
    this.#berthCount = berth + 1;
    return berth;
  }

  /** The berth to give up; undefined where all have to stay. */
  #nextToGo(): number | undefined {
    if (this.#fullEra === this.#era) return undefined;
    for (let looks = this.#berthCount * 2; looks > 0; looks--) {
      const berth = this.#hand;
      this.#hand = berth + 1 < this.#berthCount ? berth + 1 : 0;
      if (this.#spans[berth] === ABSENT || (this.#eras[berth] as number) > this.#era - ERAS_KEPT) continue;
      if (this.#asked[berth] === 0) return berth;
      this.#asked[berth] = 0;
    }
    this.#fullEra = this.#era;
    return undefined;
  }

  /** Writes the span of a berth to the scratch file, unless the file has it; the berth is the caller's. */
  #spill(berth: number): void {
    const span = this.#spans[berth] as number;
    const { scratch } = this.#budget;
    const before = this.#scratchBytes[span] as number;
    const place = this.#scratchPlaces[span] as number;
    const rows = { span, place: berth << this.#shift, ...this.#rowsOf(span) };
    if (this.#changed[span] === 0) this.#images.drop(rows);
    else {
      const image = this.#images.take(rows);
      this.#scratchPlaces[span] = before === 0 ? scratch.put(image) : scratch.replace(place, before, image);
      this.#scratchBytes[span] = image.length;
    }
    this.spilledBytes += this.#scratchBytes[span] as number;
    this.#berths[span] = ABSENT;
    this.#spans[berth] = ABSENT;
  }

  #vacate(berth: number): void {
    this.#spans[berth] = ABSENT;
    this.#free.push(berth);
  }

  /** Which rows of a span exist. */
  #rowsOf(span: number): { lowerBits: number; upperBits: number } {
    return bitsOf(this.#table.pages.used, span << this.#shift, 1 << this.#shift);
  }

  #isTouched(span: number): boolean {
    const { lowerBits, upperBits } = bitsOf(this.#table.pages.dirty, span << this.#shift, 1 << this.#shift);
    return (lowerBits | upperBits) !== 0;
  }

  #growSpans(count: number): void {
    const length = Math.max(count, this.#berths.length * 2);
    const berths = new Int32Array(length).fill(ABSENT);
    berths.set(this.#berths);
    this.#berths = berths;
    this.#scratchPlaces = longer(this.#scratchPlaces, new Uint32Array(length));
    this.#scratchBytes = longer(this.#scratchBytes, new Uint32Array(length));
    this.#changed = longer(this.#changed, new Uint8Array(length));
  }

  #growBerths(length: number): void {
    const spans = new Int32Array(length).fill(ABSENT);
    spans.set(this.#spans);
    this.#spans = spans;
    this.#eras = longer(this.#eras, new Float64Array(length));
    this.#asked = longer(this.#asked, new Uint8Array(length));
  }
}

/** The bits of rows `first .. first + count)`, which lie in one page; `count` is a power of two. */
function bitsOf(bits: Int32Array, first: number, count: number): { lowerBits: number; upperBits: number } {
  const half = first >>> 5;
  if (count === 64) return { lowerBits: bits[half] as number, upperBits: bits[half + 1] as number };
  const mask = count === 32 ? -1 : (1 << count) - 1;
  return { lowerBits: ((bits[half] as number) >>> (first & 31)) & mask, upperBits: 0 };
}

function longer<T extends Uint32Array | Uint8Array | Float64Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
