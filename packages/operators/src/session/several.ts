import type { RowId } from "@df/core";

/** The pane of the groups' heads. */
export const HEADS = 0;
/** The slot of the second one of a group. */
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

/** A group with several sessions; used again for the next one, as a group has several for a moment. */
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

/**
 * The groups that have several sessions at a time: few, as a session is over before the next one begins, but for rows
 * that are out of order. A group's row in pane `HEADS` is its head, and has its newest session between two batches;
 * others lie in slots of their own, which are panes of the table: a group's key stands once in each. It is no state,
 * but made again when the operator opens.
 */
export class Several {
  /** 1 + the number of the group that a session belongs to, by its row; 0 for none. */
  #numberOf: Int32Array = new Int32Array(1024);
  readonly #groups: Group[] = [];
  /** Numbers of groups that have no sessions any more. */
  readonly #spare: number[] = [];

  /** Whether a session belongs to a group that has several. */
  has(id: RowId): boolean {
    return id < this.#numberOf.length && this.#numberOf[id] !== 0;
  }

  /** The sessions of a group, oldest first. */
  of(head: RowId): readonly RowId[] {
    return this.#groupOf(head)?.ids ?? [head];
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
    this.#number(id, this.#numberOf[head] as number);
  }

  /** Exchanges the places in time of a group's head and one of its other sessions. */
  swap(head: RowId, other: RowId): void {
    const group = this.#groupOf(head);
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
    const group = this.#groupOf(id);
    if (group === undefined) return;
    const number = this.#numberOf[id] as number;
    this.#numberOf[id] = 0;
    if (id === group.head) return;
    const at = group.ids.indexOf(id);
    group.free.push(group.slotOf[at] as number);
    removeAt(group.ids, at);
    removeAt(group.slotOf, at);
    if (group.ids.length > 1) return;
    if (this.#numberOf[group.head] === number) this.#numberOf[group.head] = 0;
    this.#spare.push(number);
  }

  /** Says which slots are taken, of a group whose sessions were all added without `takeSlot`. */
  restoreSlots(head: RowId): void {
    const group = this.#opened(head);
    const taken = new Set(group.slotOf);
    group.slots = Math.max(...taken) + 1;
    for (let slot = group.slots - 1; slot >= 0; slot--) if (!taken.has(slot)) group.free.push(slot);
  }

  #groupOf(id: RowId): Group | undefined {
    return this.has(id) ? this.#groups[(this.#numberOf[id] as number) - 1] : undefined;
  }

  #opened(head: RowId): Group {
    const open = this.#groupOf(head);
    if (open !== undefined) return open;
    const number = this.#spare.pop() ?? this.#groups.length + 1;
    const group = this.#groups[number - 1] ?? { head, ids: [], slotOf: [], free: [], slots: 1 };
    this.#groups[number - 1] = group;
    group.head = head;
    group.ids[0] = head;
    group.slotOf[0] = HEADS;
    // A shorter `length` would give the memory of the list away.
    while (group.free.length > 0) group.free.pop();
    group.slots = 1;
    this.#number(head, number);
    return group;
  }

  #number(id: RowId, number: number): void {
    if (id >= this.#numberOf.length) {
      const wider = new Int32Array(Math.max(id + 1, this.#numberOf.length * 2));
      wider.set(this.#numberOf);
      this.#numberOf = wider;
    }
    this.#numberOf[id] = number;
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
