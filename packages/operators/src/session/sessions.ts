import {
  assert,
  BATCH_ROWS_MAX,
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
import { bringByName } from "@df/core/state/bring";
import { Folding, ROWS } from "../aggregates/folding.ts";
import type { Conditions } from "../aggregates/where/conditions.ts";
import { IdList } from "../outputs/id-list.ts";
import { rewrittenRows } from "../kept-rows/rows-column.ts";
import { only } from "../stateless/stateless.ts";
import { Corrections } from "./corrections.ts";
import { DueBuckets } from "./due-buckets.ts";
import { sessionState, SHOWN } from "./layout.ts";
import { givesOnce, type SessionOptions } from "./options.ts";
import { restoreSeveral } from "./restore.ts";
import { SessionRows } from "./rows.ts";
import { SeenIds } from "./seen-ids.ts";
import { HEADS, Several } from "./several.ts";
import { Successors } from "./successors.ts";
import { takeEnded, takeRows } from "./take.ts";

/** Lists of due sessions in one gap: finer ones are looked at less often before they are due. */
const BUCKETS_PER_GAP = 64;
/** Words of rows without a session that are kept for the next session of their group: 16 MiB. */
const EMPTY_WORDS_MAX = 1 << 21;

/** Sessions that a clock has passed, until the next call. */
interface Passed {
  /** Sessions that were not over before. */
  readonly over: Int32Array;
  /** Sessions that no row can belong to any more. */
  readonly gone: Int32Array;
}

/** Rows of a batch whose sessions are known. */
interface Known {
  readonly batch: Batch;
  readonly rows: Int32Array;
  readonly ids: Int32Array;
  readonly clock: Time;
}

/**
 * The sessions of one shard, as rows of a table. The newest session of a group lies in its head, the row that all
 * rows of the group find; where it has several, others lie in further panes, so that the group's columns are the key
 * of each, and their key group its own. A session that is gone leaves its row to the next one of its group, as long
 * as there are not too many of these: groups come back, and a row that stays need not be given a place again.
 */
export class Sessions {
  readonly table: StateTable;
  readonly folding: Folding;
  /** Where results can change: what was shown of them. */
  readonly corrections: Corrections | undefined;
  readonly #options: SessionOptions;
  readonly #key: Schema;
  readonly #columns: readonly number[];
  readonly #rows: SessionRows;
  readonly #several: Several = new Several();
  readonly #successors: Successors;
  readonly #due: DueBuckets;
  /** Rows whose session is gone; some of them have one again. */
  readonly #empty: SeenIds = new SeenIds();
  readonly #emptyMax: number;
  readonly #begun: IdList = new IdList();
  readonly #over: IdList = new IdList();
  readonly #gone: IdList = new IdList();
  /** Groups in which a session has begun that is newer than the head's. */
  readonly #overtaken = new Set<RowId>();
  #size = 0;
  readonly #ids: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #fresh: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #taken: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #rest: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #restIds: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  readonly #one: Int32Array = new Int32Array(1);

  constructor(options: SessionOptions, context: OperatorContext, conditions: Conditions) {
    const { schema } = only(context.inputs);
    const output = present(context.outputs[0], "the result");
    this.#options = options;
    this.#key = pick(schema, options.by);
    this.#columns = options.by.map((name) => columnIndex(schema, name));
    const shown = givesOnce(options) ? undefined : output.schema;
    const value = sessionState(options.aggregates, schema, shown);
    const bring = bringByName({
      rewrittenOf: (stored) => (shown === undefined ? [] : rewrittenRows(stored, SHOWN, shown)),
    });
    this.table = context.state.table("sessions", { key: this.#key, value, panes: true, bring });
    this.#rows = new SessionRows(this.table, value);
    this.folding = new Folding(options.aggregates, schema, { table: this.table, conditions });
    this.#due = new DueBuckets(Math.ceil(options.gapMicros / BUCKETS_PER_GAP));
    this.#successors = new Successors({
      rows: this.#rows,
      several: this.#several,
      due: this.#due,
      columns: this.#columns,
      gapMicros: options.gapMicros,
    });
    this.corrections = this.#correctionsOf(output);
    this.#emptyMax = Math.ceil(EMPTY_WORDS_MAX / this.#rows.words);
    this.#restore();
  }

  #correctionsOf(output: Shape): Corrections | undefined {
    if (givesOnce(this.#options)) return undefined;
    const { table, folding } = this;
    return new Corrections(this.#options, { table, output, open: folding.open, due: this.#due });
  }

  /** Sessions that are not gone. */
  get size(): number {
    return this.#size;
  }

  /**
   * Folds the rows of a batch into their sessions, each of which is made, grows or joins two.
   * `clock`: all of them come after it, but for the allowed lateness.
   */
  fold(batch: Batch, rows: Int32Array, clock: Time): void {
    const { table } = this;
    const { startWord, lastWord } = this.#rows;
    const keys: Keys = { batch, columns: this.#columns, rows, count: rows.length };
    const made = table.insert(keys, HEADS, this.#ids, this.#fresh);
    this.#rows.open(this.#ids, this.#fresh.subarray(0, made));
    table.offsets(this.#ids, rows.length, this.#offsets);
    const count = takeRows(table.words, batch.times, {
      rows,
      ids: this.#ids,
      offsets: this.#offsets,
      gap: this.#options.gapMicros,
      startWord,
      lastWord,
      taken: this.#taken,
      rest: this.#rest,
      restIds: this.#restIds,
      begun: this.#begun,
    });
    const taken = this.#taken.subarray(0, count);
    this.#foldRows({ batch, rows: taken, ids: this.#ids.subarray(0, count), clock });
    this.#listBegun();
    if (count === rows.length) return;
    const left = rows.length - count;
    // What was shown of a session lies in its row, and is known by it: there each is taken by itself.
    this.#foldRest(batch, this.corrections === undefined ? this.#succeed(batch, left, clock) : left, clock);
    this.#settle();
  }

  #listBegun(): void {
    const ids = this.#begun.ids();
    const lasts = this.#rows.lastsOf(ids);
    for (let i = 0; i < ids.length; i++)
      this.#due.add(ids[i] as RowId, (lasts[i] as Time) + this.#options.gapMicros);
    this.#size += ids.length;
    this.#begun.clear();
  }

  /** Folds rows that begin the next session of their group; returns how many others are left. */
  #succeed(batch: Batch, count: number, clock: Time): number {
    const successors = this.#successors;
    const left = { rows: this.#rest, heads: this.#restIds, count };
    const others = successors.begin(batch, left, clock - this.#options.allowedLatenessMicros);
    const begun = successors.count;
    this.#size += begun;
    this.#foldRows({
      batch,
      rows: successors.rows.subarray(0, begun),
      ids: successors.heads.subarray(0, begun),
      clock,
    });
    return others;
  }

  /** Folds the rows that are left, row by row: each may begin a session, and the row after it belong to that. */
  #foldRest(batch: Batch, count: number, clock: Time): void {
    const rows = this.#rest;
    const ids = this.#restIds;
    let folded = 0;
    for (let i = 0; i < count; i++) {
      const head = ids[i] as RowId;
      const row = rows[i] as number;
      const time = batch.times[row] as Time;
      assert(
        time > clock - this.#options.allowedLatenessMicros,
        "a row came for a session that its clock said was over",
      );
      const session = this.#grown(head, time) ?? this.#create(batch, row, head);
      ids[i] = session;
      const older = this.#reached(session, head);
      if (older === undefined) continue;
      this.#foldRows({ batch, rows: rows.subarray(folded, i), ids: ids.subarray(folded, i), clock });
      folded = i;
      ids[i] = this.#join(session, older, head);
    }
    this.#foldRows({ batch, rows: rows.subarray(folded, count), ids: ids.subarray(folded, count), clock });
  }

  /** The session of a group that has a time now; undefined if it is near to none. */
  #grown(head: RowId, time: Time): RowId | undefined {
    const sessions = this.#several.of(head);
    const session = sessions[this.#before(sessions, time) - 1];
    if (session === undefined || time > this.#endOf(session)) return undefined;
    this.#rows.grow(session, time);
    return session;
  }

  /** How many sessions of a group begin before a time, or at most the gap after it. */
  #before(sessions: readonly RowId[], time: Time): number {
    let at = sessions.length;
    while (at > 0 && time < this.#rows.startOf(sessions[at - 1] as RowId) - this.#options.gapMicros) at--;
    return at;
  }

  /** The session before this one, if there is no gap between them any more. */
  #reached(session: RowId, head: RowId): RowId | undefined {
    const sessions = this.#several.of(head);
    const older = sessions[sessions.lastIndexOf(session) - 1];
    return older !== undefined && this.#rows.startOf(session) <= this.#endOf(older) ? older : undefined;
  }

  #create(batch: Batch, row: number, head: RowId): RowId {
    const time = batch.times[row] as Time;
    const at = this.#before(this.#several.of(head), time);
    const slot = this.#several.takeSlot(head);
    const keys: Keys = { batch, columns: this.#columns, rows: Int32Array.of(row), count: 1 };
    this.table.insert(keys, slot, this.#one, this.#fresh);
    const id = this.#one[0] as RowId;
    this.#rows.begin(id, time);
    this.#several.add(id, { head, slot, at });
    this.#due.set(id, this.#endOf(id));
    this.#size++;
    if (this.#several.of(head).at(-1) === id) this.#overtaken.add(head);
    return id;
  }

  /** Joins a session with the one before it; returns the row in which they are one. */
  #join(session: RowId, older: RowId, head: RowId): RowId {
    const from = Int32Array.of(this.#rows.offsetOf(session));
    const into = Int32Array.of(this.#rows.offsetOf(older));
    const a = into[0] as number;
    const b = from[0] as number;
    const { words } = this.table;
    this.corrections?.absorb(session, b);
    this.#rows.grow(older, this.#rows.lastOf(session));
    const rowsWord = this.table.offset(ROWS);
    words[a + rowsWord] = (words[a + rowsWord] as number) + (words[b + rowsWord] as number);
    for (const { aggregate } of this.folding.open) {
      assert(aggregate.merge !== undefined, "a session has an aggregate that cannot be joined");
      aggregate.merge(into, from, 1);
    }
    if (session === head) this.#swap(head, older);
    const gone = session === head ? older : session;
    this.#due.delete(gone);
    this.#end(Int32Array.of(gone));
    return session === head ? head : older;
  }

  /** Puts the newest session of each group into its head. */
  #settle(): void {
    for (const head of this.#overtaken) {
      const newest = this.#several.of(head).at(-1);
      if (newest !== undefined && newest !== head) this.#swap(head, newest);
    }
    this.#overtaken.clear();
  }

  /** Exchanges the rows of a group's head and of one of its other sessions. */
  #swap(head: RowId, other: RowId): void {
    this.#rows.swap(head, other);
    this.#several.swap(head, other);
    this.corrections?.swap(head, other);
    this.#due.set(head, this.#endOf(head));
    this.#due.set(other, this.#endOf(other));
    this.#one[0] = other;
    this.table.touch(this.#one, 1);
  }

  #foldRows({ batch, rows, ids, clock }: Known): void {
    const count = rows.length;
    if (count === 0) return;
    const offsets = this.#offsets.subarray(0, count);
    this.table.touch(ids, count);
    this.table.offsets(ids, count, offsets);
    this.folding.fold(batch, rows, offsets);
    this.corrections?.touch(ids, offsets, clock);
  }

  /** Sessions that are over at a clock, or gone. Each is over once, unless it grew, and gone once. */
  passed(clock: Time): Passed {
    const { gapMicros, allowedLatenessMicros } = this.#options;
    const over = this.#over;
    const gone = allowedLatenessMicros === 0 ? over : this.#gone;
    over.clear();
    gone.clear();
    const ids = this.#due.take(clock);
    const lasts = this.#rows.lastsOf(ids);
    const ended = takeEnded({ ids, lasts, until: clock - gapMicros }, over.room(ids.length));
    over.placed(ended);
    for (let i = 0; i < ids.length - ended; i++)
      this.#due.add(ids[i] as RowId, (lasts[i] as Time) + gapMicros);
    if (gone !== over) for (const id of over.ids()) this.#stayOrGo(id, clock);
    return { over: over.ids(), gone: gone.ids() };
  }

  /** Of a session that is over: it is looked at again while rows may come for it. */
  #stayOrGo(id: RowId, clock: Time): void {
    const until = this.#endOf(id) + this.#options.allowedLatenessMicros;
    if (until > clock) this.#due.add(id, until);
    else this.#gone.push(id);
  }

  /** Forgets sessions. The older ones of a group are gone before its newest, or at the same time. */
  drop(ids: Int32Array): void {
    this.#end(ids);
    if (this.#size === 0 || this.table.size - this.#size > this.#emptyMax) this.#sweep();
  }

  #end(ids: Int32Array): void {
    this.#rows.end(ids);
    for (const id of ids) {
      this.#several.delete(id);
      this.#empty.add(id);
    }
    this.#size -= ids.length;
  }

  /** Removes the rows without a session: all of them at once, where there are no others. */
  #sweep(): void {
    const ids = this.#empty.take();
    if (this.#size === 0) for (const pane of this.table.panes()) this.table.drop(pane);
    else {
      const left = ids.filter((id) => this.#rows.isEmpty(id));
      this.table.remove(left, left.length);
    }
  }

  /** Sessions that are not over at a clock. */
  openAt(clock: Time): number {
    if (this.corrections === undefined) return this.#size;
    return this.#due.listed().filter((id) => this.#endOf(id) > clock).length;
  }

  /** The end of the session that is over next after a clock; undefined for none. */
  nextEnd(clock: Time): Time | undefined {
    return this.#due.first((id) => {
      const end = this.#endOf(id);
      return end > clock ? end : undefined;
    });
  }

  #endOf(id: RowId): Time {
    return this.#rows.lastOf(id) + this.#options.gapMicros;
  }

  /** Makes anew what is not state: which groups have several sessions, when they are due, and which rows have none. */
  #restore(): void {
    for (const slot of this.table.panes()) {
      const ids = new Int32Array(this.table.sizeOf(slot));
      this.table.scan(slot, 0, ids);
      for (const id of ids) {
        if (this.#rows.isEmpty(id)) this.#empty.add(id);
        else {
          this.#due.set(id, this.#endOf(id));
          this.#size++;
        }
      }
    }
    restoreSeveral(this.#several, this.#rows, this.#key);
  }
}
