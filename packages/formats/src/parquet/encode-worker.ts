/** The thread that encodes: one request, one answer, in order. */
import { parentPort } from "node:worker_threads";
import { reasonOf } from "@df/core/error";
import type { Schema } from "@df/core";
import type { FileForm } from "./file-form.ts";
import { encodeFile } from "./encode-file.ts";
import type { ParquetFile } from "./encoder.ts";
import { memoryBehind } from "./pack.ts";
import type { PackedRows } from "./pack.ts";

/** What the thread is asked for. */
export interface EncodeRequest {
  readonly id: number;
  readonly schema: Schema;
  readonly packed: PackedRows;
  readonly form: FileForm;
}

/** With the memory of the packed rows, to be used again. */
export type EncodeAnswer = { readonly id: number; readonly memory: readonly ArrayBuffer[] } & (
  | { readonly file: ParquetFile }
  | { readonly reason: string }
);

parentPort?.on("message", ({ id, schema, packed, form }: EncodeRequest) => {
  const memory = memoryBehind(packed);
  try {
    const file = encodeFile(schema, packed, { form });
    answer({ id, file, memory }, file.bytes.buffer as ArrayBuffer, ...memory);
  } catch (error) {
    answer({ id, reason: reasonOf(error), memory }, ...memory);
  }
});

function answer(message: EncodeAnswer, ...buffers: ArrayBuffer[]): void {
  parentPort?.postMessage(message, buffers);
}
