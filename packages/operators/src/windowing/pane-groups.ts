import { BATCH_ROWS_MAX } from "@df/core";

/** Sorts the rows of a batch by pane or window, keeping their order within each. Reused from batch to batch. */
export class PaneGroups {
  /** Starts of the panes of the batch, in the order of their first rows. */
  panes: number[] = [];
  /** The rows of pane p stand at `rows[begins[p] .. begins[p + 1])`. */
  readonly rows: Int32Array = new Int32Array(BATCH_ROWS_MAX);
  begins: Int32Array = new Int32Array(16);
  readonly #groups: Int32Array = new Int32Array(BATCH_ROWS_MAX);

  /** Groups rows `accepted[0..count)` by the start of their pane, `starts[row]`. */
  group(starts: Float64Array, accepted: Int32Array, count: number): void {
    this.#number(starts, accepted, count);
    const { panes, rows } = this;
    const groups = this.#groups;
    if (this.begins.length < panes.length + 1) this.begins = new Int32Array(panes.length * 2);
    const { begins } = this;
    begins.fill(0, 0, panes.length + 1);
    for (let i = 0; i < count; i++) {
      const next = (groups[i] as number) + 1;
      begins[next] = (begins[next] as number) + 1;
    }
    for (let p = 1; p <= panes.length; p++) begins[p] = (begins[p] as number) + (begins[p - 1] as number);
    for (let i = 0; i < count; i++) {
      const group = groups[i] as number;
      const at = begins[group] as number;
      rows[at] = accepted[i] as number;
      begins[group] = at + 1;
    }
    // Each begin has moved on to its end, which is the next one's begin.
    begins.copyWithin(1, 0, panes.length);
    begins[0] = 0;
  }

  #number(starts: Float64Array, accepted: Int32Array, count: number): void {
    const panes: number[] = [];
    const known = new Map<number, number>();
    let last = Number.NaN;
    let group = -1;
    for (let i = 0; i < count; i++) {
      const start = starts[accepted[i] as number] as number;
      if (start !== last) {
        last = start;
        const found = known.get(start);
        group = found ?? panes.length;
        if (found === undefined) {
          known.set(start, group);
          panes.push(start);
        }
      }
      this.#groups[i] = group;
    }
    this.panes = panes;
  }
}
