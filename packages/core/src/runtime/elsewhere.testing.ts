/** Splits for decode threads, told what they answer. */
import type { OpenReaders } from "../connector.ts";
import { DataflowError } from "../error.ts";

/** One answer: rows up to a number, or what a reader does instead. */
export type Scripted = number | "idle" | "end" | "refuse" | "throw" | "leave";

/** Answers poll after poll as it is written, from a position on, and "end" behind it. */
export const openReaders: OpenReaders<{ readonly place: string }, readonly Scripted[]> =
  ({ place }) =>
  (script, position = 0) => {
    let at = position as number;
    return {
      poll: async (rowsMax) => {
        const step = script[at] ?? "end";
        at++;
        if (step === "refuse") {
          const cause = Object.assign(new Error("EAGAIN"), { cause: "the disk" });
          throw new DataflowError("DF_FILE", `${place} cannot be read.`, { cause, transient: true });
        }
        if (step === "throw") throw new RangeError("no such place");
        if (step === "leave") process.exit(3);
        if (typeof step === "string") return step;
        return {
          length: 1,
          columns: [{ layout: "double", values: Float64Array.of(step, rowsMax) }],
          positions: Float64Array.of(at),
          invalid: [],
          next: at,
        };
      },
      close: async () => {
        if (script.at(-1) === "refuse") throw new DataflowError("DF_FILE", `${place} cannot be closed.`);
      },
    };
  };
