import type { RowId } from "@df/core";

/** No session, or no group. */
export const NONE = -1;

/** Where a session stands: its group, its slot, and the session after it in time, or `NONE`. */
interface Place {
  readonly group: RowId;
  readonly slot: number;
  readonly newer: RowId;
}

/**
 * The sessions of each group, newest first, as lists of row ids. Sessions of a group lie in different slots, which are
 * panes of their table: a group's key stands once in each. It is no state, but made again when the operator opens.
 */
export class Chains {
  /** The newest session, by group. */
  newest: Int32Array = new Int32Array(1024).fill(NONE);
  /** By session. */
  #older: Int32Array = new Int32Array(1024).fill(NONE);
  #newer: Int32Array = new Int32Array(1024).fill(NONE);
  #groups: Int32Array = new Int32Array(1024).fill(NONE);
  #slots: Int32Array = new Int32Array(1024).fill(NONE);
  /** Slots below a group's next one in which it has no session, of groups that have such. */
  readonly #freed = new Map<RowId, number[]>();
  /** By group: no session of it lies in this slot or a higher one. */
  #next: Int32Array = new Int32Array(1024);

  /** A group without sessions. */
  open(group: RowId): void {
    this.newest = grown(this.newest, group);
    this.#next = grown(this.#next, group);
    this.newest[group] = NONE;
    this.#next[group] = 0;
    this.#freed.delete(group);
  }

  /** The session before this one; `NONE` for the group's first. */
  older(session: RowId): RowId {
    return this.#older[session] as RowId;
  }

  groupOf(session: RowId): RowId {
    return this.#groups[session] as RowId;
  }

  link(session: RowId, { group, slot, newer }: Place): void {
    this.#older = grown(this.#older, session);
    this.#newer = grown(this.#newer, session);
    this.#groups = grown(this.#groups, session);
    this.#slots = grown(this.#slots, session);
    this.#groups[session] = group;
    this.#slots[session] = slot;
    const at = newer === NONE ? group : newer;
    const list = newer === NONE ? this.newest : this.#older;
    const older = list[at] as number;
    this.#older[session] = older;
    this.#newer[session] = newer;
    if (older !== NONE) this.#newer[older] = session;
    list[at] = session;
  }

  /** Takes a session out; says whether its group has others. */
  unlink(session: RowId): boolean {
    const group = this.groupOf(session);
    const older = this.older(session);
    const newer = this.#newer[session] as RowId;
    if (newer === NONE) this.newest[group] = older;
    else this.#older[newer] = older;
    if (older !== NONE) this.#newer[older] = newer;
    if (this.newest[group] === NONE) {
      this.#next[group] = 0;
      this.#freed.delete(group);
      return false;
    }
    this.#free(group, this.#slots[session] as number);
    return true;
  }

  /** Takes a slot in which a group has no session, so that there are as few slots as one group has had sessions. */
  takeSlot(group: RowId): number {
    const freed = this.#freed.get(group)?.pop();
    if (freed !== undefined) return freed;
    const slot = this.#next[group] as number;
    this.#next[group] = slot + 1;
    return slot;
  }

  /** Says which slots are taken, of a group whose sessions were all linked without `takeSlot`. */
  restoreSlots(group: RowId): void {
    const taken = new Set<number>();
    let next = 0;
    for (let at = this.newest[group] as RowId; at !== NONE; at = this.older(at)) {
      const slot = this.#slots[at] as number;
      taken.add(slot);
      if (slot >= next) next = slot + 1;
    }
    this.#next[group] = next;
    for (let slot = next - 1; slot >= 0; slot--) if (!taken.has(slot)) this.#free(group, slot);
  }

  #free(group: RowId, slot: number): void {
    const freed = this.#freed.get(group);
    if (freed === undefined) this.#freed.set(group, [slot]);
    else freed.push(slot);
  }

  /** All sessions, in no order. */
  sessions(): RowId[] {
    const ids: RowId[] = [];
    for (let group = 0; group < this.newest.length; group++) {
      for (let at = this.newest[group] as RowId; at !== NONE; at = this.older(at)) ids.push(at);
    }
    return ids;
  }
}

/** The array, or a longer one if it has no place for `index`. */
function grown(array: Int32Array, index: number): Int32Array {
  if (index < array.length) return array;
  const wider = new Int32Array(Math.max(index + 1, array.length * 2)).fill(NONE);
  wider.set(array);
  return wider;
}
