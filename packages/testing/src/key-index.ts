import { byteStrings, NO_CHANGES, stringAt } from "@df/core";
import type { ByteStrings, IndexChanges, KeyIndex } from "@df/core";

/**
 * A key index in memory. `decide` is what the engine does in the transaction that stores an intent, `settle` in the one
 * that records its delivery.
 */
export class MemoryKeyIndex implements KeyIndex {
  #values = new Map<string, Uint8Array>();
  #version: string | undefined;
  #decided: IndexChanges = NO_CHANGES;

  get size(): number {
    return this.#values.size;
  }

  async get(keys: ByteStrings): Promise<ByteStrings> {
    return byteStrings(
      Array.from(keys.ends, (_, i) => this.#values.get(hex(stringAt(keys, i))) ?? new Uint8Array(0)),
    );
  }

  async rebuild(entries: AsyncIterable<IndexChanges>, version: string): Promise<void> {
    const values = new Map<string, Uint8Array>();
    for await (const changes of entries) change(values, changes);
    this.#values = values;
    this.#version = version;
  }

  async version(): Promise<string | undefined> {
    return this.#version;
  }

  async decided(): Promise<IndexChanges> {
    return this.#decided;
  }

  decide(changes: IndexChanges): void {
    this.#decided = changes;
  }

  settle(version: string): void {
    change(this.#values, this.#decided);
    this.#decided = NO_CHANGES;
    this.#version = version;
  }
}

function change(known: Map<string, Uint8Array>, { keys, values }: IndexChanges): void {
  for (let i = 0; i < keys.ends.length; i++) {
    const value = stringAt(values, i);
    if (value.length === 0) known.delete(hex(stringAt(keys, i)));
    else known.set(hex(stringAt(keys, i)), value.slice());
  }
}

function hex(key: Uint8Array): string {
  return Buffer.from(key).toString("hex");
}
