import type { KernelMemory } from "./memory.ts";
import type { KernelRun } from "./records.ts";

/** How far records were read. */
export interface WindowState {
  /** Beginning of the next record. */
  at: number;
  /** A record that begins behind it is not tried. */
  limit: number;
  /** Next row, and the first one for which there is no room. */
  row: number;
  rowEnd: number;
  /** Whether the records that were read since `begin` are known to be ASCII. */
  isAscii: boolean;
}

/** Has a kernel read the records in the bytes of a decoder's call, a window of complete lines after the other. */
export class Windows {
  readonly state: WindowState = { at: 0, limit: -1, row: 0, rowEnd: 0, isAscii: true };
  #bytes: Uint8Array = new Uint8Array(0);
  #base = 0;
  /** Where the lines end that lie in the window. */
  #end = 0;
  /** What makes an address in the window a place in the bytes. */
  #shift = 0;

  /** Begins with other bytes, at `at`; `base` is the position of the first one. */
  begin(bytes: Uint8Array, base: number, at: number): void {
    this.#bytes = bytes;
    this.#base = base;
    this.#end = 0;
    Object.assign(this.state, { at, limit: bytes.length, row: 0, rowEnd: 0, isAscii: true });
  }

  /**
   * Reads records from `state.at` on up to one that `run` gives up, or for which there is no room. Whether one was given
   * up.
   */
  walk(run: KernelRun, memory: KernelMemory): boolean {
    const { state } = this;
    do {
      if (state.at >= this.#end && !this.#open(memory)) break;
      const shift = this.#shift;
      state.at = run(state.at - shift, this.#end - shift, state.row, state.rowEnd, shift, this.#base) + shift;
      state.row = memory.row;
      if (!memory.isAscii) state.isAscii = false;
    } while (state.at === this.#end && state.row < state.rowEnd);
    return state.at < this.#end && state.row < state.rowEnd;
  }

  /** The place in the bytes of an address in the window. */
  placeOf(address: number): number {
    return address + this.#shift;
  }

  /**
   * The address of the place behind a value that the kernel has not seen; −1 where it is none, or does not lie before
   * the window's end.
   */
  behind(place: number): number {
    this.state.isAscii = false;
    return place < 0 || place >= this.#end ? -1 : place - this.#shift;
  }

  #open(memory: KernelMemory): boolean {
    const { at } = this.state;
    this.#end = memory.open(this.#bytes, at);
    this.#shift = at - memory.map.window;
    return this.#end > at;
  }
}
