/** What a key index is told of a table's rows and files, and what it says of them. */
import { byteStrings, stringAt, StringList } from "@df/core";
import type { Batch, IndexChanges, KeyIndex, Shape } from "@df/core";
import { CanonicalStrings } from "@df/core/batch/canonical-strings";
import { addLocation, CONTENT_KEY, fileKey, FILES_KEY, numberBytes, numberIn } from "./location.ts";
import type { Location } from "./location.ts";

/** Entries under way. */
export class IndexEntries {
  readonly #keyStrings: CanonicalStrings;
  readonly #keys: StringList = new StringList();
  readonly #values: StringList = new StringList();

  /** Of rows of a shape, with the indexes of their key columns. */
  constructor({ schema }: Shape, keyColumns: readonly number[]) {
    this.#keyStrings = new CanonicalStrings(schema, keyColumns);
  }

  /** How many there are. */
  get length(): number {
    return this.#keys.length;
  }

  /** Adds where rows lie: one behind the other, the first one at `first`. `hashes`: four words a row. */
  addRows(batch: Batch, hashes: Int32Array, first: Location): void {
    this.#keyStrings.add(batch, this.#keys);
    for (let i = 0; i < batch.length; i++)
      addLocation(this.#values, { file: first.file, row: first.row + i }, hashes, i * 4);
  }

  /** Adds any entry; without a value it removes the key. */
  add(key: Uint8Array, value: Uint8Array = new Uint8Array(0)): void {
    this.#keys.add(key, 0, key.length);
    this.#values.add(value, 0, value.length);
  }

  /** Adds the path of a file. */
  addFile(file: number, path: string): void {
    this.add(fileKey(file), Buffer.from(path));
  }

  /** Adds what stands there once: the content hash of the table, and the number of the next file. */
  addTable(contentHash: string, nextFile: number): void {
    this.add(CONTENT_KEY, Buffer.from(contentHash));
    this.add(FILES_KEY, numberBytes(nextFile));
  }

  /** All of them; none are left. */
  take(): IndexChanges {
    return { keys: this.#keys.take(), values: this.#values.take() };
  }
}

/** The paths of files by their numbers; empty where the index does not know one. */
export async function pathsOf(index: KeyIndex, files: readonly number[]): Promise<readonly string[]> {
  const paths = await index.get(byteStrings(files.map(fileKey)));
  return files.map((_, i) => Buffer.from(stringAt(paths, i)).toString());
}

/** What stands in an index once, see `addTable`; no text for a content hash that is not there. */
export async function tableEntries(
  index: KeyIndex,
): Promise<{ readonly contentHash: string; readonly nextFile: number }> {
  const found = await index.get(byteStrings([CONTENT_KEY, FILES_KEY]));
  return { contentHash: Buffer.from(stringAt(found, 0)).toString(), nextFile: numberIn(stringAt(found, 1)) };
}
