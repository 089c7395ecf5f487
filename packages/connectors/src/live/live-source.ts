import type {
  Answer,
  Columns,
  InvalidRecord,
  Json,
  LiveSource,
  Position,
  ReadOf,
  RowType,
  SplitReader,
} from "@df/core";
import { DataflowError, checkOneOf, reasonOf, schemaOfRow } from "@df/core";
import { RowColumns } from "@df/core/batch/row-columns";
import { textOf } from "@df/core/batch/row-text";
import type { Arrivals } from "./arrivals.ts";

/** What a source of rows that come once is made of. */
export interface LiveParts {
  /** As a plan names it, and its function: "iterable", "fromIterable()". */
  readonly name: string;
  readonly what: string;
  readonly options: Json;
  readonly bounded: boolean;
  /** Begins to ask, or to listen. */
  readonly open: () => Arrivals;
}

/**
 * A source of objects that come once: one split "0". A row's position is its number over all runs, from 0 on. A row
 * that does not fit its type is no error: it goes to quarantine, as JSON text.
 */
export function liveSource<const S extends Columns>(
  row: RowType<S>,
  parts: LiveParts,
): LiveSource<ReadOf<S>> {
  const { name, what, options, bounded, open } = parts;
  checkOneOf(bounded, [true, false], `bounded of ${what}`);
  const declared = schemaOfRow(row, `${what.slice(0, -1)}Row, …)`);
  return {
    name,
    schema: declared,
    options,
    rows: "events",
    bounded,
    history: "none",
    open: async ({ schema }) => ({
      splits: async () => [{ id: "0" }],
      read: (_split, position) =>
        new LiveReader(open(), new RowColumns(declared, schema), countOf(what, position)),
      close: async () => {},
    }),
  };
}

class LiveReader implements SplitReader {
  readonly #arrivals: Arrivals;
  readonly #columns: RowColumns;
  #next: number;

  constructor(arrivals: Arrivals, columns: RowColumns, next: number) {
    this.#arrivals = arrivals;
    this.#columns = columns;
    this.#next = next;
  }

  async poll(rowsMax: number): Promise<Answer> {
    const positions: number[] = [];
    const invalid: InvalidRecord[] = [];
    const taken = await this.#arrivals.take(rowsMax, (row) => {
      const position = this.#next++;
      try {
        this.#columns.add(row);
        positions.push(position);
      } catch (error) {
        const reason = error instanceof DataflowError ? error.words.replace(/\.$/, "") : reasonOf(error);
        invalid.push({ position, raw: Buffer.from(textOf(row)), reason });
      }
    });
    if (taken === "end") return "end";
    if (taken === 0) return "idle";
    return {
      length: positions.length,
      columns: this.#columns.take(),
      positions: Float64Array.from(positions),
      invalid,
      next: this.#next,
    };
  }

  stop(): void {
    this.#arrivals.stop();
  }

  close(): Promise<void> {
    return this.#arrivals.close();
  }
}

function countOf(what: string, position: Position | undefined): number {
  if (position === undefined) return 0;
  if (typeof position === "number" && Number.isSafeInteger(position) && position >= 0) return position;
  throw new DataflowError("DF_POSITION", `${JSON.stringify(position)} is no position of ${what}.`);
}
