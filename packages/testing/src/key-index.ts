import type { IndexChange, KeyIndex } from "@df/core";

/** A key index in memory. `apply` is what the engine does in the transaction that records a delivery. */
export class MemoryKeyIndex implements KeyIndex {
  #values = new Map<string, Uint8Array>();
  #version: string | undefined;

  get size(): number {
    return this.#values.size;
  }

  async get(keys: readonly Uint8Array[]): Promise<readonly (Uint8Array | undefined)[]> {
    return keys.map((key) => this.#values.get(hex(key)));
  }

  async rebuild(entries: AsyncIterable<readonly IndexChange[]>, version: string): Promise<void> {
    const values = new Map<string, Uint8Array>();
    for await (const changes of entries) change(values, changes);
    this.#values = values;
    this.#version = version;
  }

  async version(): Promise<string | undefined> {
    return this.#version;
  }

  apply(changes: readonly IndexChange[], version: string): void {
    change(this.#values, changes);
    this.#version = version;
  }
}

function change(values: Map<string, Uint8Array>, changes: readonly IndexChange[]): void {
  for (const { key, value } of changes) {
    if (value === undefined) values.delete(hex(key));
    else values.set(hex(key), value.slice());
  }
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}
