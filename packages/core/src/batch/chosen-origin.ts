import type { Origin } from "./batch.ts";

/** Which rows of a batch. */
interface Chosen {
  readonly rows: Int32Array;
  readonly count: number;
}

/**
 * Where some rows of a batch were read, looked up when it is asked for: only rows that are refused or kept need it.
 * What it was made of must stay as it is.
 */
export class ChosenOrigin implements Origin {
  readonly source: string;
  readonly split: string;
  readonly #from: Origin;
  readonly #chosen: Chosen;
  #positions: Float64Array | undefined;
  #raw: Origin["raw"];

  constructor(from: Origin, chosen: Chosen) {
    this.source = from.source;
    this.split = from.split;
    this.#from = from;
    this.#chosen = chosen;
  }

  get positions(): Float64Array {
    return (this.#positions ??= picked(
      this.#from.positions,
      new Float64Array(this.#chosen.count),
      this.#chosen,
    ));
  }

  get raw(): Origin["raw"] {
    const { raw } = this.#from;
    if (raw === undefined) return undefined;
    const { count } = this.#chosen;
    return (this.#raw ??= {
      starts: picked(raw.starts, new Int32Array(count), this.#chosen),
      ends: picked(raw.ends, new Int32Array(count), this.#chosen),
      bytes: raw.bytes,
    });
  }
}

function picked<A extends Float64Array | Int32Array>(from: A, into: A, { rows, count }: Chosen): A {
  for (let i = 0; i < count; i++) into[i] = from[rows[i] as number] as number;
  return into;
}
