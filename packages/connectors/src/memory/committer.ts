import { columnIndex, DataflowError, diffAt, isShown, NO_CHANGES } from "@df/core";
import type {
  Batch,
  Committer,
  CommitterContext,
  CommitterFactory,
  Intent,
  Json,
  Marker,
  Shape,
} from "@df/core";
import type { Staged, StageRequest } from "@df/core";
import { CanonicalCodec, ContentHash, rowHash } from "@df/core/batch/canonical";
import { rowReader } from "@df/core/batch/rows";
import type { RowReader } from "@df/core/batch/rows";
import { memoryTarget } from "./target.ts";
import type { MemoryChange, MemoryTarget } from "./target.ts";

/** Builds the committers of `memorySink()` sinks. */
export const committerFactory: CommitterFactory = {
  open: async (options, context) => {
    const { name } = options as { name?: unknown };
    if (typeof name !== "string") {
      throw new DataflowError("DF_OPTION", `A memory sink has a name, not ${JSON.stringify(name)}.`);
    }
    return new MemoryCommitter(memoryTarget(name), context);
  },
};

/** What a delivery will do to the target. */
interface StagedRows {
  readonly changes: readonly MemoryChange[];
  /** Upsert: row hashes by canonical key, undefined for deletes. */
  readonly hashes: ReadonlyMap<string, Uint8Array | undefined>;
}

/** Staged rows by number: the "files" of this target. Kept until they are committed. */
const stagedRows = new Map<number, StagedRows>();
let nextStaged = 1;

class MemoryCommitter implements Committer {
  readonly #target: MemoryTarget;
  readonly #shape: Shape;
  readonly #codec: CanonicalCodec;
  readonly #keys: CanonicalCodec;
  readonly #readRow: RowReader;
  readonly #readKey: RowReader;

  constructor(target: MemoryTarget, { input }: CommitterContext) {
    const keys = input.key.map((name) => columnIndex(input.schema, name));
    this.#target = target;
    this.#shape = input;
    this.#codec = new CanonicalCodec(input.schema);
    this.#keys = new CanonicalCodec(input.schema, keys);
    this.#readRow = rowReader(input.schema, "all", false);
    this.#readKey = rowReader(input.schema, keys, false);
  }

  async prepare(): Promise<void> {}

  async marker(): Promise<Marker | undefined> {
    return this.#target.marker;
  }

  async stage({ batches }: StageRequest): Promise<Staged> {
    this.#target.point("stage");
    const before = this.#target.marker?.contentHash;
    const contentHash = before === undefined ? new ContentHash() : ContentHash.parse(before);
    const changes: MemoryChange[] = [];
    const hashes = new Map<string, Uint8Array | undefined>();
    for await (const batch of batches) {
      for (let row = 0; row < batch.length; row++) {
        const diff = diffAt(batch, row);
        const isDelete = this.#shape.change === "upsert" && diff < 0;
        const plain = isDelete ? this.#readKey(batch, row) : this.#readRow(batch, row);
        changes.push({ row: ownBytes(plain), diff });
        if (this.#shape.change === "upsert") this.#upsert(batch, row, hashes, contentHash);
        else contentHash.add(this.#codec.encode(batch, row), diff);
      }
    }
    const number = nextStaged++;
    stagedRows.set(number, { changes, hashes });
    return {
      manifest: { staged: number, rows: changes.length },
      index: NO_CHANGES,
      contentHash: contentHash.toString(),
      rows: changes.length,
    };
  }

  async commit(intent: Intent): Promise<{ readonly version: string; readonly state: Json }> {
    const target = this.#target;
    target.point("before commit");
    if (!isShown(target.marker, intent, "The memory target")) {
      const { staged, rows } = intent.manifest as { readonly staged: number; readonly rows: number };
      const found = stagedRows.get(staged);
      if (found === undefined) {
        throw new DataflowError(
          "DF_STAGED_LOST",
          `The ${rows} staged rows of a memory sink are gone: they do not outlive their process. Use another sink.`,
        );
      }
      // Commit point.
      apply(target, found, intent.marker);
      stagedRows.delete(staged);
    }
    target.point("after commit");
    return { version: String(target.version), state: null };
  }

  async close(): Promise<void> {}

  #upsert(
    batch: Batch,
    row: number,
    hashes: Map<string, Uint8Array | undefined>,
    contentHash: ContentHash,
  ): void {
    const key = Buffer.from(this.#keys.encode(batch, row)).toString("hex");
    const old = hashes.has(key) ? hashes.get(key) : this.#target.hashes.get(key);
    if (old !== undefined) contentHash.subtractHash(old);
    const hash = diffAt(batch, row) < 0 ? undefined : rowHash(this.#codec.encode(batch, row));
    if (hash !== undefined) contentHash.addHash(hash);
    hashes.set(key, hash);
  }
}

function apply(target: MemoryTarget, { changes, hashes }: StagedRows, marker: Marker): void {
  for (const change of changes) target.changes.push(change);
  for (const [key, hash] of hashes) {
    if (hash === undefined) target.hashes.delete(key);
    else target.hashes.set(key, hash);
  }
  target.marker = marker;
  target.version++;
}

/** Bytes in rows are views of the batch. */
function ownBytes(row: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(row)) {
    if (value instanceof Uint8Array)
      Object.defineProperty(row, name, { value: value.slice(), enumerable: true });
  }
  return row;
}
