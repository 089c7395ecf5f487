import {
  assert,
  BATCH_ROWS_MAX,
  BEGINNING,
  ColumnBuilder,
  columnIndex,
  pick,
  present,
  type Batch,
  type Keys,
  type OperatorContext,
  type RowId,
  type Schema,
  type Shape,
  type StateTable,
  type Time,
} from "@df/core";
import { Folding, ROWS } from "../aggregates/folding.ts";
import type { Conditions } from "../aggregates/where/conditions.ts";
import { only } from "../stateless/stateless.ts";
import { Chains, NONE } from "./chains.ts";
import { Corrections } from "./corrections.ts";
import { DueBuckets } from "./due-buckets.ts";
import { LAST, sessionState, START } from "./layout.ts";
import { givesOnce, type SessionOptions } from "./options.ts";

/** Lists of due sessions in one gap: finer ones are looked at less often before they are due. */
const BUCKETS_PER_GAP = 64;
/** Rows that are looked up at first: behind a row that is none of the newest session's what was looked up is void. */
const RUN_ROWS_MIN = 16;

/** Sessions that a clock has passed. */
interface Passed {
  /** Sessions that were not over before. */
  readonly over: readonly RowId[];
  /** Sessions that no row can belong to any more. */
  readonly gone: readonly RowId[];
}

/**
 * The sessions of one shard. One table has the groups with sessions, another one the sessions: several of a group lie
 * in different panes, so that both tables have the group's columns as their key, and with them its key group.
 */
export class Sessions {
  readonly table: StateTable;
  readonly folding: Folding;
  /** Where results can change: what was shown of them. */
  readonly corrections: Corrections | undefined;
  readonly #options: SessionOptions;
  readonly #key: Schema;
  readonly #groups: StateTable;
  readonly #columns: readonly number[];
  readonly #startWord: number;
  readonly #lastWord: number;
  readonly #chains: Chains = new Chains();
  readonly #due: DueBuckets;
  /** For the rows of a batch: their groups, and their sessions. */
  readonly #groupIds: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #ids: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #fresh: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #one: Int32Array = new Int32Array(1);
  readonly #oneOffset: Int32Array = new Int32Array(1);

  constructor(options: SessionOptions, context: OperatorContext, conditions: Conditions) {
    const { schema } = only(context.inputs);
    const output = present(context.outputs[0], "the result");
    this.#options = options;
    this.#key = pick(schema, options.by);
    this.#columns = options.by.map((name) => columnIndex(schema, name));
    this.#groups = context.state.table("groups", { key: this.#key, value: [] });
    const shown = givesOnce(options) ? undefined : output.schema;
    const value = sessionState(options.aggregates, schema, shown);
    this.table = context.state.table("sessions", { key: this.#key, value, panes: true });
    this.folding = new Folding(options.aggregates, schema, { table: this.table, conditions });
    this.#startWord = this.table.offset(START);
    this.#lastWord = this.table.offset(LAST);
    this.#due = new DueBuckets(Math.ceil(options.gapMicros / BUCKETS_PER_GAP));
    this.corrections = this.#correctionsOf(output);
    this.#restore();
  }

  #correctionsOf(output: Shape): Corrections | undefined {
    if (givesOnce(this.#options)) return undefined;
    const { table, folding } = this;
    return new Corrections(this.#options, { table, output, open: folding.open, due: this.#due });
  }

  /**
   * Folds the rows of a batch into their sessions, each of which is made, grows or joins two, row by row.
   * `clock`: all of them come after it, but for the allowed lateness.
   */
  fold(batch: Batch, rows: Int32Array, clock: Time): void {
    const count = rows.length;
    this.#findGroups(batch, rows);
    let folded = 0;
    for (let from = 0, run = RUN_ROWS_MIN; from < count;) {
      const to = Math.min(count, from + run);
      const stop = this.#extend(batch, rows, from, to);
      if (stop === to) run *= 2;
      else {
        run = RUN_ROWS_MIN;
        folded = this.#place(batch, rows, { at: stop, folded, clock });
      }
      from = stop === to ? to : stop + 1;
    }
    this.#foldRows(batch, rows, { from: folded, to: count, clock });
  }

  /** Sessions that are over at a clock, or gone. Each is over once, unless it grew, and gone once. */
  passed(clock: Time): Passed {
    const { allowedLatenessMicros } = this.#options;
    const over: RowId[] = [];
    const gone: RowId[] = [];
    for (const id of this.#due.take(clock)) {
      const end = this.#endOf(id);
      if (end > clock) this.#due.set(id, end);
      else {
        over.push(id);
        if (end + allowedLatenessMicros <= clock) gone.push(id);
        else this.#due.set(id, end + allowedLatenessMicros);
      }
    }
    return { over, gone };
  }

  /** Forgets sessions, and groups without others. */
  drop(ids: readonly RowId[]): void {
    const groups: RowId[] = [];
    for (const id of ids) {
      const group = this.#chains.groupOf(id);
      if (!this.#chains.unlink(id)) groups.push(group);
    }
    this.table.remove(Int32Array.from(ids), ids.length);
    this.#groups.remove(Int32Array.from(groups), groups.length);
  }

  /** Sessions that are not over at a clock. */
  openAt(clock: Time): number {
    if (this.corrections === undefined) return this.table.size;
    return this.#chains.sessions().filter((id) => this.#endOf(id) > clock).length;
  }

  /** The end of the session that is over next after a clock; undefined for none. */
  nextEnd(clock: Time): Time | undefined {
    return this.#due.first((id) => {
      const end = this.#endOf(id);
      return end > clock ? end : undefined;
    });
  }

  /** Finds the groups of the rows, or makes them, each with the session of its first row. */
  #findGroups(batch: Batch, rows: Int32Array): void {
    const ids = this.#groupIds;
    const columns = this.#columns;
    this.#groups.find({ batch, columns, rows, count: rows.length }, 0, ids);
    const absent: number[] = [];
    for (let i = 0; i < rows.length; i++) if ((ids[i] as number) < 0) absent.push(i);
    if (absent.length === 0) return;
    const absentRows = Int32Array.from(absent, (i) => rows[i] as number);
    const keys: Keys = { batch, columns, rows: absentRows, count: absent.length };
    const made = new Int32Array(absent.length);
    const fresh = this.#fresh.slice(0, this.#groups.insert(keys, 0, made, this.#fresh));
    for (let k = 0; k < absent.length; k++) ids[absent[k] as number] = made[k] as RowId;
    const firstRows = fresh.map((k) => absentRows[k] as number);
    this.#begin(
      batch,
      firstRows,
      fresh.map((k) => made[k] as RowId),
    );
  }

  /** Makes the first session of each of these groups, of one row each: nearly all, where groups come and go. */
  #begin(batch: Batch, rows: Int32Array, groups: Int32Array): void {
    const count = rows.length;
    const ids = new Int32Array(count);
    const made = this.table.insert({ batch, columns: this.#columns, rows, count }, 0, ids, this.#fresh);
    assert(made === count, "a new group has a session");
    this.table.offsets(ids, count, this.#offsets);
    const { words } = this.table;
    for (let i = 0; i < count; i++) {
      const group = groups[i] as RowId;
      const id = ids[i] as RowId;
      const time = batch.times[rows[i] as number] as Time;
      words[(this.#offsets[i] as number) + this.#startWord] = time;
      words[(this.#offsets[i] as number) + this.#lastWord] = time;
      this.#chains.open(group);
      this.#chains.link(id, { group, slot: this.#chains.takeSlot(group), newer: NONE });
      this.#due.set(id, time + this.#options.gapMicros);
    }
  }

  /** Puts rows from `from` on into the newest sessions of their groups; returns the first that is none of theirs. */
  #extend(batch: Batch, rows: Int32Array, from: number, to: number): number {
    const { newest } = this.#chains;
    for (let i = from; i < to; i++) this.#ids[i] = newest[this.#groupIds[i] as number] as RowId;
    const ids = this.#ids.subarray(from, to);
    this.table.offsets(ids, to - from, this.#offsets);
    const taken = extend(this.table.words, batch.times, {
      rows: rows.subarray(from, to),
      ids,
      offsets: this.#offsets,
      gap: this.#options.gapMicros,
      startWord: this.#startWord,
      lastWord: this.#lastWord,
    });
    return from + taken;
  }

  /**
   * Puts one row into the session that it belongs to. If that joins two, the rows before it are folded first. Returns
   * up to where rows are folded.
   */
  #place(
    batch: Batch,
    rows: Int32Array,
    { at, folded, clock }: { readonly at: number; readonly folded: number; readonly clock: Time },
  ): number {
    const { gapMicros, allowedLatenessMicros } = this.#options;
    const chains = this.#chains;
    const time = batch.times[rows[at] as number] as number;
    assert(time > clock - allowedLatenessMicros, "a row came for a session that its clock said was over");
    const group = this.#groupIds[at] as RowId;
    let newer = NONE;
    let session = chains.newest[group] as RowId;
    while (session !== NONE && time < this.#startOf(session) - gapMicros) {
      newer = session;
      session = chains.older(session);
    }
    if (session === NONE || time > this.#lastOf(session) + gapMicros) {
      const slot = chains.takeSlot(group);
      const id = this.#create(batch, rows[at] as number, slot);
      chains.link(id, { group, slot, newer });
      this.#ids[at] = id;
      return folded;
    }
    this.#grow(session, time);
    this.#ids[at] = session;
    const older = chains.older(session);
    if (older === NONE || time > this.#lastOf(older) + gapMicros) return folded;
    this.#foldRows(batch, rows, { from: folded, to: at, clock });
    this.#join(session, older);
    this.#ids[at] = older;
    return at;
  }

  #create(batch: Batch, row: number, slot: number): RowId {
    const { table } = this;
    const time = batch.times[row] as number;
    const keys: Keys = { batch, columns: this.#columns, rows: Int32Array.of(row), count: 1 };
    const made = table.insert(keys, slot, this.#one, this.#fresh);
    assert(made === 1, "the slot of a new session is taken");
    const id = this.#one[0] as RowId;
    const offset = this.#offsetOf(id);
    table.words[offset + this.#startWord] = time;
    table.words[offset + this.#lastWord] = time;
    this.#due.set(id, time + this.#options.gapMicros);
    return id;
  }

  #grow(session: RowId, time: Time): void {
    const { words } = this.table;
    const offset = this.#offsetOf(session);
    words[offset + this.#startWord] = Math.min(time, words[offset + this.#startWord] as number);
    words[offset + this.#lastWord] = Math.max(time, words[offset + this.#lastWord] as number);
  }

  /** Makes a session part of the one before it. */
  #join(session: RowId, older: RowId): void {
    const from = Int32Array.of(this.#offsetOf(session));
    const into = Int32Array.of(this.#offsetOf(older));
    const a = into[0] as number;
    const b = from[0] as number;
    this.corrections?.absorb(session, b);
    const rowsWord = this.table.offset(ROWS);
    const { words } = this.table;
    words[a + this.#lastWord] = words[b + this.#lastWord] as number;
    words[a + rowsWord] = (words[a + rowsWord] as number) + (words[b + rowsWord] as number);
    for (const { aggregate } of this.folding.open) {
      assert(aggregate.merge !== undefined, "a session has an aggregate that cannot be joined");
      aggregate.merge(into, from, 1);
    }
    this.#due.delete(session);
    this.#chains.unlink(session);
    this.#one[0] = session;
    this.table.remove(this.#one, 1);
  }

  /** Folds rows whose sessions are known. */
  #foldRows(
    batch: Batch,
    rows: Int32Array,
    { from, to, clock }: { readonly from: number; readonly to: number; readonly clock: Time },
  ): void {
    const count = to - from;
    if (count === 0) return;
    const ids = this.#ids.subarray(from, to);
    this.table.touch(ids, count);
    this.table.offsets(ids, count, this.#offsets);
    this.folding.fold(batch, rows.subarray(from, to), this.#offsets);
    this.corrections?.touch(ids, this.#offsets, clock);
  }

  #offsetOf(id: RowId): number {
    this.#one[0] = id;
    this.table.offsets(this.#one, 1, this.#oneOffset);
    return this.#oneOffset[0] as number;
  }

  #startOf(id: RowId): Time {
    return this.table.words[this.#offsetOf(id) + this.#startWord] as Time;
  }

  #lastOf(id: RowId): Time {
    return this.table.words[this.#offsetOf(id) + this.#lastWord] as Time;
  }

  #endOf(id: RowId): Time {
    return this.#lastOf(id) + this.#options.gapMicros;
  }

  /** Makes anew what is not state: which sessions a group has, and when they are due. */
  #restore(): void {
    const found: { readonly id: RowId; readonly group: RowId; readonly slot: number }[] = [];
    for (const slot of this.table.panes()) {
      const size = this.table.sizeOf(slot);
      for (let from = 0; from < size;) {
        const count = this.table.scan(slot, from, this.#ids);
        this.#groups.find(this.#keysOf(this.#ids, count), 0, this.#groupIds);
        for (let i = 0; i < count; i++) {
          const group = this.#groupIds[i] as RowId;
          assert(group !== NONE, "a session has no group");
          found.push({ id: this.#ids[i] as RowId, group, slot });
          this.#chains.open(group);
        }
        from += count;
      }
    }
    const starts = new Map(found.map(({ id }) => [id, this.#startOf(id)]));
    found.sort((a, b) => (starts.get(a.id) ?? 0) - (starts.get(b.id) ?? 0));
    for (const { id, group, slot } of found) {
      this.#chains.link(id, { group, slot, newer: NONE });
      this.#due.set(id, this.#endOf(id));
    }
    for (const group of new Set(found.map((each) => each.group))) this.#chains.restoreSlots(group);
  }

  /** The groups' columns of some sessions. */
  #keysOf(ids: Int32Array, count: number): Keys {
    const builders = this.#key.fields.map(({ type }) => new ColumnBuilder(type));
    this.table.copyKeys(ids, count, builders);
    const batch: Batch = {
      schema: this.#key,
      length: count,
      columns: builders.map((builder) => builder.lend()),
      change: "append",
      times: new Float64Array(count),
      clocks: BEGINNING,
    };
    const rows = Int32Array.from({ length: count }, (_, row) => row);
    return { batch, columns: builders.map((_, column) => column), rows, count };
  }
}

/** Rows, the sessions that they may belong to, and where these keep their bounds. */
interface Run {
  readonly rows: Int32Array;
  readonly ids: Int32Array;
  readonly offsets: Int32Array;
  readonly gap: number;
  readonly startWord: number;
  readonly lastWord: number;
}

/** The hot loop: moves the ends of sessions on, up to a row that begins one, joins two or is before its start. */
function extend(words: Float64Array, times: Float64Array, run: Run): number {
  const { rows, ids, offsets, gap, startWord, lastWord } = run;
  for (let i = 0; i < rows.length; i++) {
    if ((ids[i] as number) < 0) return i;
    const time = times[rows[i] as number] as number;
    const offset = offsets[i] as number;
    const last = words[offset + lastWord] as number;
    if (time <= last) {
      if (time < (words[offset + startWord] as number)) return i;
    } else {
      if (time > last + gap) return i;
      words[offset + lastWord] = time;
    }
  }
  return rows.length;
}
