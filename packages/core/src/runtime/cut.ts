/** Sources that end where a marker says, so that a state comes to what its target shows, and no further. */
import { DataflowError } from "../error.ts";
import { canonicalJson, type Json } from "../json.ts";
import { splitKey, type SourceRecord } from "../checkpoint/records.ts";
import { own } from "../own.ts";
import type { Answer, Marker, Position, Source, Split, SplitReader } from "../connector.ts";
import { BEGINNING } from "../time.ts";
import type { InputClock } from "./input-clock.ts";

/** What a split is read up to. */
interface End {
  /** Undefined where nothing of it had been read. */
  readonly position: Position | undefined;
  /** Whether it still held the clock back then: it has not ended, though nothing more is read. */
  readonly isLive: boolean;
}

/** Splits by source, as a marker has them. */
type BySource<Value> = Readonly<Record<string, Readonly<Record<string, Value>>>>;

/** The place in all sources that a marker says to be shown. */
export class Cut {
  readonly #positions: BySource<Position>;
  readonly #live: Readonly<Record<string, readonly string[]>>;
  readonly #sources: Readonly<Record<string, SourceRecord>>;
  /** Splits by their names among those of all sources, and those of them that have not come to their end. */
  readonly #known = new Set<string>();
  readonly #reading = new Set<string>();
  /** Splits that are read, and those of them that had ended. */
  splits = 0;
  endings = 0;

  constructor({ positions, live = {}, sources = {} }: Marker) {
    this.#positions = positions as unknown as BySource<Position>;
    this.#live = live as unknown as Readonly<Record<string, readonly string[]>>;
    this.#sources = sources as unknown as Readonly<Record<string, SourceRecord>>;
  }

  /** A source that ends at the cut. Nothing is acknowledged to it. */
  source(id: string, source: Source): Source {
    return {
      splits: async () =>
        (await source.splits()).filter((split) => {
          const end = this.#endOf(id, split);
          if (end !== undefined) this.#expect(splitKey(id, split.id), end);
          return end !== undefined;
        }),
      read: (split, position) => {
        const end = this.#endOf(id, split) ?? { position: undefined, isLive: true };
        const name = splitKey(id, split.id);
        this.#expect(name, end);
        const isBefore = source.isBefore?.bind(source);
        const open = (from: Position | undefined): SplitReader => source.read(split, from);
        return new CutReader({ cut: this, name, split, end, open, isBefore }, position);
      },
      close: () => source.close(),
    };
  }

  /**
   * The clock that a source gives to the steps behind it, where its splits alone would give another one: never one
   * behind that of the marker, and that one at the cut.
   */
  clockOf(id: string, ofSplits: InputClock): InputClock {
    const shown = own(this.#sources, id);
    if (shown === undefined) return ofSplits;
    const clock = shown.clock ?? BEGINNING;
    if (this.isReached) return { clock, status: shown.status };
    return { clock: Math.min(clock, ofSplits.clock), status: "live" };
  }

  /** Splits that the marker knows and the sources do not have any more. */
  async missing(sources: ReadonlyMap<string, Source>): Promise<string[]> {
    const gone: string[] = [];
    for (const [id, known] of Object.entries(this.#positions)) {
      const there = new Set((await sources.get(id)?.splits())?.map((split) => split.id));
      gone.push(...Object.keys(known).filter((split) => !there.has(split)));
    }
    return gone;
  }

  /** Whether all splits are at their ends. */
  get isReached(): boolean {
    return this.#reading.size === 0;
  }

  /** A split is at its end. */
  arrive(name: string): void {
    this.#reading.delete(name);
  }

  /** Waits for a split to come to its end, however often it is opened. */
  #expect(name: string, end: End): void {
    if (this.#known.has(name)) return;
    this.#known.add(name);
    this.#reading.add(name);
    this.splits++;
    if (!end.isLive) this.endings++;
  }

  #endOf(source: string, { id }: Split): End | undefined {
    const position = own(own(this.#positions, source) ?? {}, id);
    const isLive = own(this.#live, source)?.includes(id) === true;
    return position === undefined && !isLive ? undefined : { position, isLive };
  }
}

interface Parts {
  readonly cut: Cut;
  readonly name: string;
  readonly split: Split;
  readonly end: End;
  readonly open: (from: Position | undefined) => SplitReader;
  readonly isBefore: ((a: Position, b: Position) => boolean) | undefined;
}

/** Reads a split up to its end, and waits there for the others: then it ends, or stays silent if it was live. */
class CutReader implements SplitReader {
  readonly #parts: Parts;
  #at: Position | undefined;
  #reader: SplitReader;

  constructor(parts: Parts, position: Position | undefined) {
    this.#parts = parts;
    this.#at = position;
    this.#reader = parts.open(position);
  }

  async poll(rowsMax: number): Promise<Answer> {
    const { cut, name, end } = this.#parts;
    if (this.#isThere(this.#at)) {
      cut.arrive(name);
      return cut.isReached && !end.isLive ? "end" : "idle";
    }
    // Where positions cannot be compared, each is tried.
    for (let rows = this.#parts.isBefore === undefined ? 1 : rowsMax; ; rows = rows >> 1) {
      if (rows === 0)
        throw this.#unreachable("has no record that begins there: it is not what was read then");
      const polled = await this.#reader.poll(rows);
      if (polled === "end") throw this.#unreachable("ends before it");
      if (polled === "idle") return polled;
      if (!this.#isBehind(polled.next)) {
        this.#at = polled.next;
        return polled;
      }
      // It has read over the end: once more from here, with fewer rows.
      await this.#reader.close();
      this.#reader = this.#parts.open(this.#at);
    }
  }

  close(): Promise<void> {
    return this.#reader.close();
  }

  #isThere(at: Position | undefined): boolean {
    const { end, isBefore } = this.#parts;
    if (end.position === undefined || at === undefined) return end.position === undefined;
    if (isBefore === undefined) return canonicalJson(at) === canonicalJson(end.position);
    return !isBefore(at, end.position);
  }

  /** Whether a position is behind the end. */
  #isBehind(next: Position): boolean {
    const { end, isBefore } = this.#parts;
    return isBefore !== undefined && end.position !== undefined && isBefore(end.position, next);
  }

  #unreachable(how: string): DataflowError {
    const { split, end } = this.#parts;
    return new DataflowError(
      "DF_ADOPT_SOURCE",
      `The target shows what was read of split ${split.id} up to ${JSON.stringify(end.position as Json)}, and the split ${how}. Bring back the input as it was, or start with a new target.`,
    );
  }
}
