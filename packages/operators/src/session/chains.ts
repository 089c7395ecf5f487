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
  #groups: Int32Array = new Int32Array(1024).fill(NONE);
  #slots: Int32Array = new Int32Array(1024).fill(NONE);

  /** A group without sessions. */
  open(group: RowId): void {
    this.newest = grown(this.newest, group);
    this.newest[group] = NONE;
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
    this.#groups = grown(this.#groups, session);
    this.#slots = grown(this.#slots, session);
    this.#groups[session] = group;
    this.#slots[session] = slot;
    const at = newer === NONE ? group : newer;
    const list = newer === NONE ? this.newest : this.#older;
    this.#older[session] = list[at] as number;
    list[at] = session;
  }

  /** Takes a session out; says whether its group has others. */
  unlink(session: RowId): boolean {
    const group = this.groupOf(session);
    const older = this.older(session);
    if (this.newest[group] === session) this.newest[group] = older;
    else {
      let newer = this.newest[group] as RowId;
      while (this.older(newer) !== session) newer = this.older(newer);
      this.#older[newer] = older;
    }
    return this.newest[group] !== NONE;
  }

  /** The lowest slot in which a group has no session, so that there are as few slots as one group has had sessions. */
  freeSlot(group: RowId): number {
    const newest = this.newest[group] as RowId;
    if (newest === NONE) return 0;
    const taken = new Set<number>();
    for (let at = newest; at !== NONE; at = this.older(at)) taken.add(this.#slots[at] as number);
    let slot = 0;
    while (taken.has(slot)) slot++;
    return slot;
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
