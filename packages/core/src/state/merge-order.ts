/** Merges sorted runs into one, by a heap of the runs' first rows. `compare` is asked for rows, never twice the same. */
export function mergedOrder(
  runs: readonly Int32Array[],
  compare: (a: number, b: number) => number,
): Int32Array {
  const merged = new Int32Array(runs.reduce((sum, run) => sum + run.length, 0));
  const next = new Int32Array(runs.length);
  const rowOf = (run: number): number => (runs[run] as Int32Array)[next[run] as number] as number;
  const heap: number[] = [];
  /** Puts a run at `at`, or lower where a run there has an earlier row. */
  const sink = (run: number, from: number): void => {
    let at = from;
    for (;;) {
      let child = at * 2 + 1;
      if (child >= heap.length) break;
      const right = child + 1;
      if (right < heap.length && compare(rowOf(heap[right] as number), rowOf(heap[child] as number)) < 0)
        child = right;
      if (compare(rowOf(run), rowOf(heap[child] as number)) <= 0) break;
      heap[at] = heap[child] as number;
      at = child;
    }
    heap[at] = run;
  };
  for (const [run, { length }] of runs.entries()) if (length > 0) heap.push(run);
  for (let at = heap.length - 1; at >= 0; at--) sink(heap[at] as number, at);
  for (let at = 0; at < merged.length; at++) {
    const run = heap[0] as number;
    merged[at] = rowOf(run);
    next[run] = (next[run] as number) + 1;
    const isOver = next[run] === (runs[run] as Int32Array).length;
    const first = isOver ? (heap.pop() as number) : run;
    if (heap.length > 0) sink(first, 0);
  }
  return merged;
}
