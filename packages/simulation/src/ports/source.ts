/** Logs that simulated processes read: rows, and records that cannot be decoded. */
import type { Answer, Position, Schema, Source, SplitReader, TypedSource } from "@df/core";
import { RowColumns } from "@df/core/batch/row-columns";
import type { Process, World } from "../world.ts";
import { injected } from "./store.ts";

/** A record of a log: a row, or the bytes of one that is broken. */
export type LogRecord<Row> = { readonly row: Row } | { readonly broken: string };

/** Records by split. */
export type Logs<Row> = Readonly<Record<string, readonly LogRecord<Row>[]>>;

/** The source as the plan knows it; `openedBy` says which process reads it. */
export function logSource<Row>(schema: Schema): TypedSource<Row> {
  return {
    name: "simulated log",
    schema,
    options: {},
    rows: "events",
    bounded: true,
    history: "full",
    open: () => Promise.reject(injected("opened by no process")),
  };
}

/** The logs as a process reads them. */
export function openLogs<Row>(
  world: World,
  process: Process,
  logs: Logs<Row>,
  schemas: { readonly all: Schema; readonly wanted: Schema },
): Source {
  return {
    splits: () => world.call(process, "splits", "other", () => Object.keys(logs).map((id) => ({ id }))),
    read: (split, position) => new LogReader(world, process, logs[split.id] ?? [], schemas, position),
    close: () => Promise.resolve(),
  };
}

/** Code that writes rows as columns, by their schema: made once for all processes, each of which takes what it adds. */
const columnsOf = new Map<string, RowColumns>();

function rowColumns({ all, wanted }: { readonly all: Schema; readonly wanted: Schema }): RowColumns {
  const names = JSON.stringify([all, wanted].map(({ fields }) => fields.map(({ name }) => name)));
  const columns = columnsOf.get(names) ?? new RowColumns(all, wanted);
  columnsOf.set(names, columns);
  return columns;
}

class LogReader<Row> implements SplitReader {
  readonly #world: World;
  readonly #process: Process;
  readonly #log: readonly LogRecord<Row>[];
  readonly #columns: RowColumns;
  #next: number;

  constructor(
    world: World,
    process: Process,
    log: readonly LogRecord<Row>[],
    schemas: { readonly all: Schema; readonly wanted: Schema },
    position: Position | undefined,
  ) {
    this.#world = world;
    this.#process = process;
    this.#log = log;
    this.#columns = rowColumns(schemas);
    this.#next = typeof position === "number" ? position : 0;
  }

  poll(rowsMax: number): Answer | Promise<Answer> {
    // Most logs answer later, some at once.
    if (this.#world.random.oneIn(4)) return this.#answer(rowsMax);
    return this.#world.call(this.#process, `poll ${this.#next}`, "hold", () => this.#answer(rowsMax));
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #answer(rowsMax: number): Answer {
    const first = this.#next;
    if (first === this.#log.length) return "end";
    const count = Math.min(1 + this.#world.random.below(rowsMax), this.#log.length - first);
    const records = this.#log.slice(first, first + count);
    const positions: number[] = [];
    const invalid = records.flatMap((record, index) => {
      if ("broken" in record) {
        return [{ position: first + index, raw: Buffer.from(record.broken), reason: "it is broken" }];
      }
      this.#columns.add(record.row);
      positions.push(first + index);
      return [];
    });
    this.#next = first + count;
    return {
      length: positions.length,
      columns: this.#columns.take(),
      positions: Float64Array.from(positions),
      invalid,
      next: this.#next,
    };
  }
}
