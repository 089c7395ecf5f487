/** Rows as files of lines under hidden names. */
import { randomUUID } from "node:crypto";
import { setImmediate } from "node:timers/promises";
import type { Shape, StageRequest } from "@df/core";
import type { ContentHash } from "@df/core/batch/canonical";
import { ByteSink } from "@df/formats/byte-sink";
import { lineEncoder } from "@df/formats/text/line-encoder";
import { fileEnding } from "@df/formats/text/text-format";
import type { TextFormat } from "@df/formats/text/text-format";
import type { CommittedFile } from "../lake/manifest.ts";
import { stageFile } from "../lake/staged-file.ts";
import type { ObjectStore } from "../object-store/object-store.ts";
import { changeRows, changeSchema } from "./change-rows.ts";
import { rowSum } from "./row-sum.ts";

/** Bytes at which a file is full; the batch that reaches it is its last one. */
export const FILE_BYTES: number = 64 * 1024 * 1024;

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
  const add = rowSum(shape);
  return async ({ batches, through }, contentHash) => {
    const files: CommittedFile[] = [];
    const into = new ByteSink();
    let rows = 0;
    const finish = async (): Promise<void> => {
      const path = fileName(through, files.length, format);
      files.push(
        await stageFile(store, { path, bytes: into.bytes.subarray(0, into.length), rows, partition: [] }),
      );
      into.length = 0;
      rows = 0;
    };
    for await (const batch of batches) {
      // The encoding of a batch takes a millisecond: whoever else needs this thread comes in between.
      await setImmediate();
      add(batch, contentHash);
      for (const written of changes(batch)) {
        if (rows === 0) into.append(lines.head);
        lines.encode(written, into);
        rows += written.length;
        if (into.length >= fileBytes) await finish();
      }
    }
    if (rows > 0) await finish();
    return files;
  };
}

/** `data-<epoch>-<number>-<random>.csv`. An attempt that was given up leaves names that no other one takes. */
function fileName(epoch: number, number: number, format: TextFormat): string {
  const sorted = `${String(epoch).padStart(12, "0")}-${String(number).padStart(5, "0")}`;
  return `data-${sorted}-${randomUUID()}.${fileEnding(format)}`;
}
