import type { Layout } from "./layout.ts";
import { layoutKey, learnLayout } from "./layout.ts";
import type { RecordReader } from "./record.ts";

/** Records of a layout that are seen before code is made for it. */
const SEEN_MIN = 4;
/** Layouts that are counted at a time. */
const CANDIDATES_MAX = 64;
/** Records whose layout is looked at, at first; one more with every call of `more`, as looking takes its time. */
const LESSONS = 1024;

/** Counts layouts until they are worth code of their own. */
export class Lessons {
  readonly #seen: Map<string, number> = new Map();
  #left = LESSONS;

  /** Allows for one more look. */
  more(): void {
    this.#left++;
  }

  /** Whether one is allowed for. */
  get isLeft(): boolean {
    return this.#left > 0;
  }

  /**
   * The layout of the record at `start`, if code is to be made for it now. `standing` says of its key whether it is
   * "known", and nothing is to be done about it, "made" already, so that it costs nothing, or "new".
   */
  take(
    records: RecordReader,
    start: number,
    standing: (key: string) => "known" | "made" | "new",
  ): Layout | undefined {
    if (this.#left <= 0) return undefined;
    this.#left--;
    const layout = learnLayout(records.scan, records.names, start);
    if (layout === undefined) return undefined;
    const key = layoutKey(layout);
    const stands = standing(key);
    // Values that no code reads, as a string where a number is due, do not make a layout unknown.
    if (stands === "known") return undefined;
    const seen = (this.#seen.get(key) ?? 0) + 1;
    if (seen < SEEN_MIN && stands === "new") {
      if (this.#seen.size === CANDIDATES_MAX) this.#seen.clear();
      this.#seen.set(key, seen);
      return undefined;
    }
    this.#seen.delete(key);
    return layout;
  }
}
