import type {
  Columns,
  Json,
  Polled,
  ReadOf,
  RowType,
  Schema,
  SplitReader,
  TypedSource,
  WriteOf,
} from "@df/core";
import { DataflowError, schemaOfRow, checkOneOf, checkOptions } from "@df/core";
import { RowColumns } from "@df/core/batch/row-columns";

/** How `memorySource()` ends. */
export interface MemorySourceOptions {
  /** Whether the last row is the end of the input, which closes windows without --drain. Default: true. */
  readonly bounded?: boolean | undefined;
}

/**
 * Reads rows from arrays: one split "0", or one for each name. A row's position is its index, and rows that were pushed
 * to an array since are read like those a file has grown by. Polls throw DF_VALUE for a row that does not fit its type.
 */
export function memorySource<const S extends Columns>(
  rows: readonly WriteOf<S>[] | Readonly<Record<string, readonly WriteOf<S>[]>>,
  row: RowType<S>,
  options: MemorySourceOptions = {},
): TypedSource<ReadOf<S>> {
  checkOptions(options, ["bounded"], "memorySource()");
  const { bounded = true } = options;
  checkOneOf(bounded, [true, false], "bounded of memorySource()");
  const declared = schemaOfRow(row, "memorySource(rows, Row)");
  const splits: ReadonlyMap<string, readonly unknown[]> = new Map(
    Array.isArray(rows) ? [["0", rows]] : Object.entries(rows),
  );
  return {
    name: "memory",
    schema: declared,
    options: {},
    rows: "events",
    bounded,
    history: "full",
    open: async ({ schema, follow }) => ({
      splits: async () => [...splits.keys()].toSorted().map((id) => ({ id })),
      read: (split, position) => {
        const log = splits.get(split.id);
        const first = position === undefined ? 0 : position;
        if (log === undefined || !isIndex(first, log.length)) {
          throw new DataflowError(
            "DF_POSITION",
            `${JSON.stringify(first)} is no position in split "${split.id}" of memorySource(), ` +
              `which has ${log?.length ?? 0} rows.`,
          );
        }
        return new MemoryReader({ log, first, follow }, declared, schema);
      },
      isBefore: (position, other) => Number(position) < Number(other),
      close: async () => {},
    }),
  };
}

interface Log {
  readonly log: readonly unknown[];
  readonly first: number;
  readonly follow: boolean;
}

class MemoryReader implements SplitReader {
  readonly #log: Log;
  readonly #columns: RowColumns;
  #next: number;

  constructor(log: Log, schema: Schema, wanted: Schema) {
    this.#log = log;
    this.#next = log.first;
    this.#columns = new RowColumns(schema, wanted);
  }

  async poll(rowsMax: number): Promise<Polled | "idle" | "end"> {
    const { log, follow } = this.#log;
    const first = this.#next;
    const length = Math.min(rowsMax, log.length - first);
    if (length === 0) return follow ? "idle" : "end";
    for (let row = 0; row < length; row++) this.#columns.add(log[first + row]);
    this.#next = first + length;
    const columns = this.#columns.take();
    const positions = Float64Array.from({ length }, (_, row) => first + row);
    return { length, columns, positions, invalid: [], next: this.#next };
  }

  async close(): Promise<void> {}
}

function isIndex(value: Json, length: number): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0 && value <= length;
}
