import { IdList } from "../outputs/id-list.ts";

/**
 * Groups that changed since the last flush, each once, by window. Empty at every barrier, so it is no part of the
 * state.
 */
export class Touched {
  readonly #lists = new Map<number, IdList>();

  /** The list of the window that begins at `start`, made where absent. */
  list(start: number): IdList {
    let list = this.#lists.get(start);
    if (list === undefined) {
      list = new IdList();
      this.#lists.set(start, list);
    }
    return list;
  }

  /** Starts of windows with changes, ascending. */
  windows(): number[] {
    return [...this.#lists.keys()].toSorted((a, b) => a - b);
  }

  /** The ids of a window's changed groups, which are forgotten. */
  take(start: number): Int32Array {
    const list = this.#lists.get(start);
    this.#lists.delete(start);
    return list?.take() ?? new Int32Array(0);
  }
}
