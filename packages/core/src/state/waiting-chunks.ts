import { readChunk, type ReadChunk } from "./chunk.ts";
import type { StateBudget } from "./state-budget.ts";
import type { Chunk } from "./state-store.ts";

/** The part of a budget that chunks may take in memory before their tables are open. */
const BUDGET_PART = 1 / 4;

/** A chunk that waits: its bytes, or where they are in the scratch file. */
interface Waiting extends Omit<Chunk, "bytes"> {
  readonly bytes: Uint8Array | undefined;
  readonly sizeBytes: number;
  readonly place: number;
}

/** Restored chunks of tables that are not open yet: in memory or, beyond a part of the budget, in the scratch file. */
export class WaitingChunks {
  readonly #byTable: Map<string, Waiting[]> = new Map();
  readonly #budget: StateBudget | undefined;
  #memoryBytes = 0;

  constructor(budget: StateBudget | undefined) {
    this.#budget = budget;
  }

  /** `read` is the same chunk, which was checked. A full set makes older ones of its key group void. */
  add(chunk: Chunk, { full, sequence, keyGroup }: ReadChunk): void {
    const waiting = this.#byTable.get(chunk.table) ?? [];
    if (full && sequence === 0) {
      for (const each of waiting) if (each.keyGroup === keyGroup) this.#forget(each);
    }
    const left = full && sequence === 0 ? waiting.filter((each) => each.keyGroup !== keyGroup) : waiting;
    left.push(this.#kept(chunk));
    this.#byTable.set(chunk.table, left);
  }

  /** The chunks of a table, in their order, one at a time; they wait no more. */
  *take(table: string): Generator<ReadChunk, void> {
    const waiting = this.#byTable.get(table) ?? [];
    this.#byTable.delete(table);
    for (const each of waiting) {
      const bytes = each.bytes ?? new Uint8Array(each.sizeBytes);
      if (each.bytes === undefined) this.#budget?.scratch.read(each.place, bytes);
      this.#forget(each);
      yield readChunk({ ...each, bytes });
    }
  }

  #kept({ table, keyGroup, full, bytes }: Chunk): Waiting {
    const sizeBytes = bytes.length;
    const budget = this.#budget;
    const fits = budget === undefined || this.#memoryBytes + sizeBytes <= budget.limitBytes * BUDGET_PART;
    if (fits) this.#memoryBytes += sizeBytes;
    const place = fits ? -1 : budget.scratch.put(bytes);
    return { table, keyGroup, full, sizeBytes, bytes: fits ? bytes : undefined, place };
  }

  #forget({ bytes, place, sizeBytes }: Waiting): void {
    if (bytes === undefined) this.#budget?.scratch.free(place, sizeBytes);
    else this.#memoryBytes -= sizeBytes;
  }
}
