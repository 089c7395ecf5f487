import type { Output, Progress } from "@df/core";
import type { Emission } from "./pending.ts";

/** Output that is made as it is handed on, so that no more than a batch of it waits: an operator's place after "full". */
export class Cursor {
  #work: Iterator<Emission, void> | undefined;

  /** Begins to hand on what `work` makes. */
  begin(work: Iterator<Emission, void>, out: Output): Progress {
    this.#work = work;
    return this.resume(out);
  }

  /** Hands on batch after batch until the output is full; "done" once there are no more. */
  resume(out: Output): Progress {
    const work = this.#work;
    if (work === undefined) return "done";
    for (let next = work.next(); next.done !== true; next = work.next()) {
      if (out(next.value.batch, next.value.port) === "full") return "more";
    }
    this.#work = undefined;
    return "done";
  }
}
