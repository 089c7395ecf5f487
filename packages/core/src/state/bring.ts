/** Rows that were stored when their table had other columns. */
import { ALL_ROWS } from "../batch/all-rows.ts";
import { BATCH_ROWS_MAX, type Batch } from "../batch/batch.ts";
import { ColumnBuilder } from "../batch/builder.ts";
import { KeyGroups } from "../batch/key-groups.ts";
import { rowText } from "../batch/row-text.ts";
import { DataflowError } from "../error.ts";
import { BEGINNING } from "../time.ts";
import { keyView } from "./key-columns.ts";
import type { Bring, DescribedTable, StateTable, TableSpec } from "./state-store.ts";
import { keyLines, valueLine } from "./table-layout.ts";

/** A value column of now whose bytes are made of those of another one that was stored. */
export interface Rewritten {
  /** The column of now. */
  readonly column: string;
  /** The stored one. */
  readonly from: string;
  readonly rewrite: (bytes: Uint8Array) => Uint8Array;
}

/** A value column in two tables, in words from the start of a row. */
interface Copied {
  readonly from: number;
  readonly to: number;
  readonly words: number;
  /** Of texts. */
  readonly rewrite: ((bytes: Uint8Array) => Uint8Array) | undefined;
}

/** What rows have beside the columns that are copied. */
export interface ByName {
  readonly rewrittenOf?: ((stored: DescribedTable) => readonly Rewritten[]) | undefined;
  /** The keys of now, a row each, of stored ones. Default: the same. */
  readonly keysOf?: ((stored: Batch) => Batch) | undefined;
}

/**
 * Rows keep their key, and the value columns that have the name and the type of one that was stored; those of
 * `rewrittenOf` are written anew. What was stored in others is gone.
 */
export function bringByName({ rewrittenOf = () => [], keysOf }: ByName = {}): Bring {
  return (stored, into) => {
    if (keysOf === undefined) checkKey(stored, into);
    const copied = copiedColumns(stored, into, rewrittenOf(stored));
    const here = new RowsHere(into);
    const keys = new StoredKeys(stored);
    const [now, fresh, from, to] = Array.from({ length: 4 }, () => new Int32Array(BATCH_ROWS_MAX)) as [
      Int32Array,
      Int32Array,
      Int32Array,
      Int32Array,
    ];
    return (pane, ids) => {
      const batch = keysOf?.(keys.of(ids)) ?? keys.of(ids);
      const rows = here.of(batch);
      const count = rows.length;
      const columns = batch.columns.map((_, column) => column);
      const made = into.table.insert({ batch, columns, rows, count }, pane, now, fresh);
      if (made < count) throw sameKeys(into, batch, rows, fresh.subarray(0, made));
      stored.table.offsets(count === ids.length ? ids : rows.map((row) => ids[row] as number), count, from);
      into.table.offsets(now, count, to);
      for (const column of copied) copy(stored.table, into.table, { column, from, to, count });
    };
  };
}

/** The keys of stored rows as batches. */
export class StoredKeys {
  readonly #stored: DescribedTable;
  readonly #builders: readonly ColumnBuilder[];

  constructor(stored: DescribedTable) {
    const { fields } = stored.spec.key;
    this.#stored = stored;
    this.#builders = fields.map(({ type }) => new ColumnBuilder(type));
  }

  /** A row for each id; the next ones are written over them. */
  of(ids: Int32Array): Batch {
    const { table, spec } = this.#stored;
    table.copyKeys(ids, ids.length, this.#builders);
    return {
      schema: spec.key,
      length: ids.length,
      columns: this.#builders.map((builder) => builder.lend()),
      change: "append",
      times: new Float64Array(ids.length),
      clocks: BEGINNING,
    };
  }
}

/** Which rows of batches of keys stay on this shard. */
export class RowsHere {
  readonly #isHere: DescribedTable["isHere"];
  readonly #spec: TableSpec;
  readonly #keyGroups: KeyGroups;
  readonly #groups: Uint8Array = new Uint8Array(BATCH_ROWS_MAX);

  constructor({ isHere, spec }: DescribedTable) {
    this.#isHere = isHere;
    this.#spec = spec;
    this.#keyGroups = new KeyGroups(spec.key);
  }

  /** Their numbers. `columns`: where the columns of the key are; default: all. */
  of(batch: Batch, columns: readonly number[] = batch.columns.map((_, column) => column)): Int32Array {
    const rows = ALL_ROWS.subarray(0, batch.length);
    const isHere = this.#isHere;
    if (isHere === undefined) return rows;
    const keys = keyView({ batch, columns, rows, count: batch.length }, this.#spec);
    this.#keyGroups.write(keys, rows, batch.length, this.#groups);
    return rows.filter((row) => isHere(this.#groups[row] as number));
  }
}

function checkKey(stored: DescribedTable, into: DescribedTable): void {
  const [was, is] = [keyLines(stored.spec), keyLines(into.spec)];
  const other = is.find((line, index) => line !== was[index]) ?? was[is.length];
  if (other !== undefined) throw storedWithout(into, other);
}

/** Two keys that were stored are one now. */
function sameKeys(
  { name }: DescribedTable,
  batch: Batch,
  rows: Int32Array,
  fresh: Int32Array,
): DataflowError {
  const at = rows.findIndex((_, index) => !fresh.includes(index));
  const key = rowText(batch, rows[at] ?? 0);
  return new DataflowError(
    "DF_MIGRATE",
    `Two keys of state table "${name}" would be one: ${key}. What was kept of both cannot be joined: let the function give each its own key, or start with a new state directory (--state-dir) and new targets.`,
  );
}

function copiedColumns(
  stored: DescribedTable,
  into: DescribedTable,
  rewritten: readonly Rewritten[],
): readonly Copied[] {
  const there = new Set(stored.spec.value.map(valueLine));
  return into.spec.value.map((column) => {
    const { name } = column;
    const anew = rewritten.find((each) => each.column === name);
    if (anew === undefined && !there.has(valueLine(column))) throw storedWithout(into, valueLine(column));
    const isText = "field" in column && TEXTS.has(column.field.type.kind);
    return {
      from: stored.table.offset(anew?.from ?? name),
      to: into.table.offset(name),
      words: "words" in column ? column.words : 1,
      rewrite: anew?.rewrite ?? (isText ? unchanged : undefined),
    };
  });
}

const TEXTS: ReadonlySet<string> = new Set(["string", "bytes", "json"]);

function unchanged(bytes: Uint8Array): Uint8Array {
  return bytes;
}

interface Copying {
  readonly column: Copied;
  readonly from: Int32Array;
  readonly to: Int32Array;
  readonly count: number;
}

function copy(stored: StateTable, into: StateTable, { column, from, to, count }: Copying): void {
  const { words, rewrite } = column;
  for (let row = 0; row < count; row++) {
    const source = (from[row] as number) + column.from;
    const target = (to[row] as number) + column.to;
    if (rewrite === undefined) {
      // As ints: a word that is not a double may look like a NaN, whose bits a copy as a double need not keep.
      for (let k = 0; k < words * 2; k++) into.ints[target * 2 + k] = stored.ints[source * 2 + k] as number;
      continue;
    }
    const reference = stored.words[source] as number;
    if (reference === 0) continue;
    const bytes = rewrite(stored.heap.get(reference));
    into.words[target] = into.heap.put(bytes, 0, bytes.length);
  }
}

function storedWithout({ name }: DescribedTable, line: string): DataflowError {
  return new DataflowError(
    "DF_STATE_CHANGED",
    `State table "${name}" was stored without ${line}, the pipeline now opens it with that. ` +
      `Go back to the pipeline that wrote it, or start with a new state directory.`,
  );
}
