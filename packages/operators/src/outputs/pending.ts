import type { Batch, Output, Progress } from "@df/core";

/** A batch to hand on, and where. */
export interface Emission {
  readonly batch: Batch;
  readonly port: number;
}

/** Batches that are left to hand on for the call that was given last: the cursor of an operator after "full". */
export class Pending {
  #left: Emission[] = [];

  /** Puts batches at the end of what is left. */
  add(batches: readonly Batch[], port = 0): void {
    for (const batch of batches) this.#left.push({ batch, port });
  }

  /** Hands on batch after batch until the output is full; "done" once the last one is handed on. */
  push(out: Output): Progress {
    while (this.#left.length > 0) {
      const { batch, port } = this.#left.shift() as Emission;
      if (out(batch, port) === "full" && this.#left.length > 0) return "more";
    }
    return "done";
  }
}
