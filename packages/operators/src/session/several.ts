import type { RowId } from "@df/core";
import { IdMarks } from "./id-marks.ts";

/** The pane of the groups' heads. */
export const HEADS = 0;

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
  /** Oldest first, with the head. */
  readonly ids: RowId[];
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
  readonly #groups = new Map<RowId, Group>();
  /** All sessions of these groups. */
  readonly #marks: IdMarks = new IdMarks();
  /** Of sessions that are not in a head. */
  readonly #places = new Map<RowId, { readonly head: RowId; readonly group: Group; readonly slot: number }>();

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
    group.ids.splice(at, 0, id);
    this.#places.set(id, { head, group, slot });
    this.#marks.add(id);
  }

  /** Exchanges the places in time of a group's head and one of its other sessions. */
  swap(head: RowId, other: RowId): void {
    const ids = this.#groups.get(head)?.ids ?? [];
    const [at, to] = [ids.lastIndexOf(head), ids.lastIndexOf(other)];
    ids[at] = other;
    ids[to] = head;
  }

  /** Forgets a session; if it is the head's, its group has no others or they are forgotten at the same time. */
  delete(id: RowId): void {
    if (!this.#marks.has(id)) return;
    this.#marks.delete(id);
    const place = this.#places.get(id);
    if (place === undefined) return void this.#groups.delete(id);
    const { head, group, slot } = place;
    this.#places.delete(id);
    group.ids.splice(group.ids.indexOf(id), 1);
    group.free.push(slot);
    if (group.ids.length > 1) return;
    this.#marks.delete(head);
    this.#groups.delete(head);
  }

  /** Says which slots are taken, of a group whose sessions were all added without `takeSlot`. */
  restoreSlots(head: RowId): void {
    const group = this.#opened(head);
    const taken = new Set(group.ids.map((id) => this.#places.get(id)?.slot ?? HEADS));
    group.slots = Math.max(...taken) + 1;
    for (let slot = group.slots - 1; slot >= 0; slot--) if (!taken.has(slot)) group.free.push(slot);
  }

  #opened(head: RowId): Group {
    let group = this.#groups.get(head);
    if (group === undefined) {
      group = { ids: [head], free: [], slots: 1 };
      this.#groups.set(head, group);
      this.#marks.add(head);
    }
    return group;
  }
}
