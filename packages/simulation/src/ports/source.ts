/** Logs that simulated processes read: rows, and records that cannot be decoded. */
import {
  type Answer,
  type Column,
  type InvalidRecord,
  type Position,
  type Schema,
  type Source,
  type SplitReader,
  type TypedSource,
  unreachable,
} from "@df/core";
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
    splits: () => world.read(process, "splits", {}, () => Object.keys(logs).map((id) => ({ id }))),
    read: (split, position) => new LogReader(world, process, logs[split.id] ?? [], schemas, position),
    close: () => Promise.resolve(),
  };
}

/** The rows of a log as columns, and how many of them stand before each of its records. */
interface LogColumns {
  readonly columns: readonly Column[];
  readonly before: readonly number[];
}

/** Code that writes rows as columns, by the names of those that are wanted: it is generated once for all logs. */
const writers = new Map<string, RowColumns>();
/** Made once for all processes that read a log, by the names of the columns that they want. */
const columnsOf = new WeakMap<readonly LogRecord<unknown>[], Map<string, LogColumns>>();

function logColumns(
  log: readonly LogRecord<unknown>[],
  { all, wanted }: { readonly all: Schema; readonly wanted: Schema },
): LogColumns {
  const known = columnsOf.get(log) ?? new Map<string, LogColumns>();
  columnsOf.set(log, known);
  const names = wanted.fields.map(({ name }) => name).join();
  const found = known.get(names);
  if (found !== undefined) return found;
  const rows = writers.get(names) ?? new RowColumns(all, wanted);
  writers.set(names, rows);
  let count = 0;
  const before = log.map((record) => {
    if ("broken" in record) return count;
    rows.add(record.row);
    return count++;
  });
  const made = { columns: rows.take(), before: [...before, count] };
  known.set(names, made);
  return made;
}

/** Rows `from` to `to` of a column. */
function partOf(column: Column, from: number, to: number): Column {
  const validity = column.validity?.subarray(from, to);
  switch (column.layout) {
    case "bool":
      return { ...column, values: column.values.subarray(from, to), validity };
    case "int":
      return { ...column, values: column.values.subarray(from, to), validity };
    case "double":
      return { ...column, values: column.values.subarray(from, to), validity };
    case "long":
      return { ...column, values: column.values.subarray(from, to), validity };
    case "text":
      return {
        ...column,
        starts: column.starts.subarray(from, to),
        ends: column.ends.subarray(from, to),
        validity,
      };
    default:
      return unreachable(column);
  }
}

class LogReader<Row> implements SplitReader {
  readonly #world: World;
  readonly #process: Process;
  readonly #log: readonly LogRecord<Row>[];
  readonly #columns: LogColumns;
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
    this.#columns = logColumns(log, schemas);
    this.#next = typeof position === "number" ? position : 0;
  }

  poll(rowsMax: number): Answer | Promise<Answer> {
    // Most logs answer later, some at once.
    if (this.#world.random.oneIn(4)) return this.#answer(rowsMax);
    return this.#world.read(this.#process, `poll ${this.#next}`, { phase: "hold" }, () =>
      this.#answer(rowsMax),
    );
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  #answer(rowsMax: number): Answer {
    const first = this.#next;
    if (first === this.#log.length) return "end";
    const count = Math.min(1 + this.#world.random.below(rowsMax), this.#log.length - first);
    const positions: number[] = [];
    const invalid: InvalidRecord[] = [];
    for (let position = first; position < first + count; position++) {
      const record = this.#log[position] as LogRecord<Row>;
      if (!("broken" in record)) positions.push(position);
      else invalid.push({ position, raw: Buffer.from(record.broken), reason: "it is broken" });
    }
    this.#next = first + count;
    const { columns, before } = this.#columns;
    const [from, to] = [before[first] as number, before[this.#next] as number];
    return {
      length: positions.length,
      columns: columns.map((column) => partOf(column, from, to)),
      positions: Float64Array.from(positions),
      invalid,
      next: this.#next,
    };
  }
}
