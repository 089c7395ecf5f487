import type { RowId, Time } from "@df/core";

/**
 * Which rows of a table are due when: a binary heap with one valid time per row. It is not state, but made again from
 * the table when the operator opens.
 */
export class DueQueue {
  /** Heap of (time, id); an entry whose time is not the row's valid one is passed over. */
  readonly #times: Time[] = [];
  readonly #ids: RowId[] = [];
  readonly #valid: Map<RowId, Time> = new Map();

  /** The row is due at `time` from now on, and not when it was due before. */
  set(id: RowId, time: Time): void {
    if (this.#valid.get(id) === time) return;
    this.#valid.set(id, time);
    this.#rise(time, id);
  }

  /** The row is never due. */
  delete(id: RowId): void {
    this.#valid.delete(id);
  }

  /** The row that is due first, if that is not after `until`; it is then not due any more. */
  next(until: Time): RowId | undefined {
    while (this.#times.length > 0 && (this.#times[0] as Time) <= until) {
      const time = this.#times[0] as Time;
      const id = this.#ids[0] as RowId;
      this.#sink();
      if (this.#valid.get(id) !== time) continue;
      this.#valid.delete(id);
      return id;
    }
    return undefined;
  }

  #rise(time: Time, id: RowId): void {
    const times = this.#times;
    const ids = this.#ids;
    let at = times.length;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if ((times[parent] as Time) <= time) break;
      times[at] = times[parent] as Time;
      ids[at] = ids[parent] as RowId;
      at = parent;
    }
    times[at] = time;
    ids[at] = id;
  }

  /** Takes the root out: the last entry sinks from its place. */
  #sink(): void {
    const times = this.#times;
    const ids = this.#ids;
    const time = times.pop() as Time;
    const id = ids.pop() as RowId;
    const { length } = times;
    if (length === 0) return;
    let at = 0;
    for (let child = 1; child < length; child = 2 * at + 1) {
      if (child + 1 < length && (times[child + 1] as Time) < (times[child] as Time)) child++;
      if ((times[child] as Time) >= time) break;
      times[at] = times[child] as Time;
      ids[at] = ids[child] as RowId;
      at = child;
    }
    times[at] = time;
    ids[at] = id;
  }
}
