/** The thread that encodes: one request, one answer, in order. */
import { parentPort } from "node:worker_threads";
import { reasonOf } from "@df/core";
import type { Schema } from "@df/core";
import { encodeFile } from "./encode-file.ts";
import type { ParquetFile } from "./encoder.ts";
import type { PackedRows } from "./pack.ts";

/** What the thread is asked for. */
export interface EncodeRequest {
  readonly id: number;
  readonly schema: Schema;
  readonly packed: PackedRows;
}

export type EncodeAnswer =
  | { readonly id: number; readonly file: ParquetFile }
  | { readonly id: number; readonly reason: string };

parentPort?.on("message", ({ id, schema, packed }: EncodeRequest) => {
  try {
    const file = encodeFile(schema, packed);
    answer({ id, file }, file.bytes.buffer as ArrayBuffer);
  } catch (error) {
    answer({ id, reason: reasonOf(error) });
  }
});

function answer(message: EncodeAnswer, ...buffers: ArrayBuffer[]): void {
  parentPort?.postMessage(message, buffers);
}
