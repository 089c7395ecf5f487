/** Rows as files of lines under hidden names. */
import { randomUUID } from "node:crypto";
import type { Shape, StageRequest } from "@df/core";
import type { ContentHash } from "@df/core/batch/canonical";
import { ByteSink } from "@df/formats/byte-sink";
import { lineEncoder } from "@df/formats/text/line-encoder";
import { fileEnding } from "@df/formats/text/text-format";
import type { TextFormat } from "@df/formats/text/text-format";
import type { CommittedFile } from "../lake/manifest.ts";
import { inTurns } from "../lake/in-turns.ts";
import { StagedFile } from "../lake/staged-file.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import { changeRows, changeSchema } from "./change-rows.ts";
import { rowSum } from "./row-sum.ts";

/** Bytes at which a file is full; the batch that reaches it is its last one. */
export const FILE_BYTES: number = 64 * 1024 * 1024;

/** Bytes that are kept in memory before they are written. */
const PART_BYTES = 1024 * 1024;

/** Where and how rows are staged. */
export interface StageOptions {
  readonly store: ObjectStore;
  readonly shape: Shape;
  readonly format: TextFormat;
  /** See `FILE_BYTES`. */
  readonly fileBytes: number;
}

/** Stages deliveries: all rows durably under names never used before, in files that sort by name as their rows came. */
export function stager(
  options: StageOptions,
): (request: StageRequest, contentHash: ContentHash) => Promise<CommittedFile[]> {
  const { store, shape, format, fileBytes } = options;
  const lines = lineEncoder(format, changeSchema(shape));
  const changes = changeRows(shape);
  const sum = rowSum(shape);
  return async ({ batches, through }, contentHash) => {
    const files: CommittedFile[] = [];
    const part = new ByteSink();
    let file: StagedFile | undefined;
    let rows = 0;
    const flush = async (to: StagedFile): Promise<void> => {
      await to.write(part.bytes.subarray(0, part.length));
      part.length = 0;
    };
    const finish = async (full: StagedFile): Promise<void> => {
      await flush(full);
      files.push(await full.finish({ rows, partition: [] }));
      file = undefined;
      rows = 0;
    };
    try {
      for await (const batch of inTurns(batches)) {
        sum.add(batch, contentHash);
        for (const written of changes(batch)) {
          sum.addWritten(written, contentHash);
          if (file === undefined) part.append(lines.head);
          file ??= await StagedFile.begin(store, fileName(through, files.length, format));
          lines.encode(written, part);
          rows += written.length;
          if (file.size + part.length >= fileBytes) await finish(file);
          else if (part.length >= PART_BYTES) await flush(file);
        }
      }
      if (file !== undefined) await finish(file);
    } finally {
      // Where that fails too, what went wrong before it is what counts.
      await file?.abandon().catch(() => undefined);
    }
    return files;
  };
}

/** `data-<epoch>-<number>-<random>.csv`. An attempt that was given up leaves names that no other one takes. */
function fileName(epoch: number, number: number, format: TextFormat): string {
  const sorted = `${String(epoch).padStart(12, "0")}-${String(number).padStart(5, "0")}`;
  return `data-${sorted}-${randomUUID()}.${fileEnding(format)}`;
}
