import type { PaneId } from "@df/core";

/**
 * Groups that changed since the last flush, each once, by pane. Empty at every barrier, so it is no part of the
 * state.
 */
export class Touched {
  readonly #lists = new Map<PaneId, IdList>();

  /** The list of a pane, made where absent. */
  list(pane: PaneId): IdList {
    let list = this.#lists.get(pane);
    if (list === undefined) {
      list = new IdList();
      this.#lists.set(pane, list);
    }
    return list;
  }

  /** Panes with changes, ascending. */
  panes(): PaneId[] {
    return [...this.#lists.keys()].toSorted((a, b) => a - b);
  }

  /** The ids of a pane's changed groups, which are forgotten. */
  take(pane: PaneId): Int32Array {
    const list = this.#lists.get(pane);
    this.#lists.delete(pane);
    return list === undefined ? new Int32Array(0) : list.ids.subarray(0, list.length);
  }
}

/** A list of row ids that grows. */
export class IdList {
  ids: Int32Array = new Int32Array(64);
  length = 0;

  push(id: number): void {
    if (this.length === this.ids.length) {
      const wider = new Int32Array(this.length * 2);
      wider.set(this.ids);
      this.ids = wider;
    }
    this.ids[this.length++] = id;
  }
}
