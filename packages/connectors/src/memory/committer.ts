import { columnIndex, DataflowError, diffAt, isShown, NO_CHANGES } from "@df/core";
import type {
  Batch,
  Committer,
  CommitterContext,
  CommitterFactory,
  Delivered,
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
import type { MemoryChange, MemoryTarget, RowHashes } from "./target.ts";

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
  /** Upsert only. */
  readonly hashes: RowHashes;
}

/** What is known of the rows by key while a delivery is staged: those before it, those that it has changed. */
interface Staging {
  readonly present: ReadonlyMap<string, Uint8Array>;
  readonly hashes: Map<string, Uint8Array | undefined>;
  readonly contentHash: ContentHash;
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
  readonly #muted: boolean;
  readonly #delivered: Delivered | undefined;

  constructor(target: MemoryTarget, { input, muted = false, delivered }: CommitterContext) {
    const keys = input.key.map((name) => columnIndex(input.schema, name));
    this.#target = target;
    this.#muted = muted;
    this.#delivered = delivered;
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
    const { contentHash, present } = this.#before();
    const changes: MemoryChange[] = [];
    const hashes = new Map<string, Uint8Array | undefined>();
    let rows = 0;
    for await (const batch of batches) {
      rows += batch.length;
      for (let row = 0; row < batch.length; row++) {
        if (!this.#muted) changes.push(this.#change(batch, row));
        if (this.#shape.change === "upsert") this.#upsert(batch, row, { present, hashes, contentHash });
        else contentHash.add(this.#codec.encode(batch, row), diffAt(batch, row));
      }
    }
    const number = this.#muted ? 0 : nextStaged++;
    if (!this.#muted) stagedRows.set(number, { changes, hashes });
    return {
      manifest: { staged: number, rows: changes.length },
      index: NO_CHANGES,
      contentHash: contentHash.toString(),
      rows,
    };
  }

  /** What the staged rows are added to: what the target shows or, muted, what the state has delivered. */
  #before(): { readonly contentHash: ContentHash; readonly present: ReadonlyMap<string, Uint8Array> } {
    const last = this.#muted ? this.#delivered : this.#target.marker;
    const contentHash = last === undefined ? new ContentHash() : ContentHash.parse(last.contentHash);
    const version = Number(this.#delivered?.version ?? 0);
    return { contentHash, present: this.#muted ? this.#target.hashesAt(version) : this.#target.hashes };
  }

  #change(batch: Batch, row: number): MemoryChange {
    const diff = diffAt(batch, row);
    const isDelete = this.#shape.change === "upsert" && diff < 0;
    return { row: ownBytes(isDelete ? this.#readKey(batch, row) : this.#readRow(batch, row)), diff };
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
      target.show(found.changes, found.hashes, intent.marker);
      stagedRows.delete(staged);
    }
    target.point("after commit");
    return { version: String(target.version), state: null };
  }

  async close(): Promise<void> {}

  #upsert(batch: Batch, row: number, { present, hashes, contentHash }: Staging): void {
    const key = Buffer.from(this.#keys.encode(batch, row)).toString("hex");
    const old = hashes.has(key) ? hashes.get(key) : present.get(key);
    if (old !== undefined) contentHash.subtractHash(old);
    const hash = diffAt(batch, row) < 0 ? undefined : rowHash(this.#codec.encode(batch, row));
    if (hash !== undefined) contentHash.addHash(hash);
    hashes.set(key, hash);
  }
}

/** Bytes in rows are views of the batch. */
function ownBytes(row: Record<string, unknown>): Record<string, unknown> {
  for (const [name, value] of Object.entries(row)) {
    if (value instanceof Uint8Array)
      Object.defineProperty(row, name, { value: value.slice(), enumerable: true });
  }
  return row;
}
