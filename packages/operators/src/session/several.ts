import type { RowId } from "@df/core";
import { IdMarks } from "./id-marks.ts";

/** The pane of the groups' heads. */
export const HEADS = 0;
/** The first slot that a group takes for another session. */
export const ASIDE = 1;

/** A session's place among those of its group. */
export interface Place {
  /** The group's row in pane `HEADS`. */
  readonly head: RowId;
  /** Where it lies: its pane of the table. */
  readonly slot: number;
  /** How many sessions of the group come before it. */
  readonly at: number;
}

/** A group with several sessions. */
interface Group {
  head: RowId;
  /** Oldest first, with the head. */
  readonly ids: RowId[];
  /** The slot of each. */
  readonly slotOf: number[];
  /** Slots below `slots` in which it has no session. */
  readonly free: number[];
  slots: number;
}

/** Groups whose sessions are over, and which the next ones use: a group has several sessions for a moment. */
const SPARE_MAX = 4096;

/**
 * The groups that have several sessions at a time: few, as a session is over before the next one begins, but for rows
 * that are out of order. A group's row in pane `HEADS` is its head, and has its newest session between two batches;
 * others lie in slots of their own, which are panes of the table: a group's key stands once in each. It is no state,
 * but made again when the operator opens.
 */
export class Several {
  readonly #groups = new Map<RowId, Group>();
  /** All sessions of these groups. */
  readonly #marks: IdMarks = new IdMarks();
  /** Of sessions that are not in a head. */
  readonly #groupOf = new Map<RowId, Group>();
  readonly #spare: Group[] = [];

  /** Whether a group's row is the head of several sessions. */
  has(head: RowId): boolean {
    return this.#marks.has(head);
  }

  /** The sessions of a group, oldest first. */
  of(head: RowId): readonly RowId[] {
    const group = this.#marks.has(head) ? this.#groups.get(head) : undefined;
    return group?.ids ?? [head];
  }

  /** A slot in which a group has no session: there are as few as one group has had sessions at a time. */
  takeSlot(head: RowId): number {
    const group = this.#opened(head);
    return group.free.pop() ?? group.slots++;
  }

  add(id: RowId, { head, slot, at }: Place): void {
    const group = this.#opened(head);
    insertAt(group.ids, at, id);
    insertAt(group.slotOf, at, slot);
    this.#groupOf.set(id, group);
    this.#marks.add(id);
  }

  /** Exchanges the places in time of a group's head and one of its other sessions. */
  swap(head: RowId, other: RowId): void {
    const group = this.#groups.get(head);
    if (group === undefined) return;
    const { ids, slotOf } = group;
    const at = ids.lastIndexOf(head);
    const to = ids.lastIndexOf(other);
    ids[at] = other;
    ids[to] = head;
    slotOf[at] = slotOf[to] as number;
    slotOf[to] = HEADS;
  }

  /** Forgets a session; if it is the head's, its group has no others or they are forgotten at the same time. */
  delete(id: RowId): void {
    if (!this.#marks.has(id)) return;
    this.#marks.delete(id);
    const group = this.#groupOf.get(id);
    if (group === undefined) return void this.#groups.delete(id);
    this.#groupOf.delete(id);
    const at = group.ids.indexOf(id);
    group.free.push(group.slotOf[at] as number);
    removeAt(group.ids, at);
    removeAt(group.slotOf, at);
    if (group.ids.length > 1) return;
    this.#marks.delete(group.head);
    this.#groups.delete(group.head);
    if (this.#spare.length < SPARE_MAX) this.#spare.push(group);
  }

  /** Says which slots are taken, of a group whose sessions were all added without `takeSlot`. */
  restoreSlots(head: RowId): void {
    const group = this.#opened(head);
    const taken = new Set(group.slotOf);
    group.slots = Math.max(...taken) + 1;
    for (let slot = group.slots - 1; slot >= 0; slot--) if (!taken.has(slot)) group.free.push(slot);
  }

  #opened(head: RowId): Group {
    let group = this.#groups.get(head);
    if (group === undefined) {
      group = this.#spare.pop() ?? { head, ids: [head], slotOf: [HEADS], free: [], slots: 1 };
      group.head = head;
      group.ids[0] = head;
      group.slotOf[0] = HEADS;
      group.free.length = 0;
      group.slots = 1;
      this.#groups.set(head, group);
      this.#marks.add(head);
    }
    return group;
  }
}

// `splice` would make a list of what it takes out.

function insertAt(list: number[], at: number, value: number): void {
  list.push(value);
  for (let i = list.length - 1; i > at; i--) list[i] = list[i - 1] as number;
  list[at] = value;
}

function removeAt(list: number[], at: number): void {
  for (let i = at + 1; i < list.length; i++) list[i - 1] = list[i] as number;
  list.pop();
}
