import { Worker } from "node:worker_threads";
import { DataflowError, reasonOf } from "@df/core";
import type { Batch, Schema } from "@df/core";
import type { EncodeAnswer, EncodeRequest } from "./encode-worker.ts";
import type { ParquetEncoder, ParquetFile } from "./encoder.ts";
import { checkCompression } from "./compression.ts";
import { USUAL_FORM } from "./file-form.ts";
import type { FileForm } from "./file-form.ts";
import { memoryBehind, packRows } from "./pack.ts";

/** Memory that is kept for the rows of the next file: about that of the largest file of a table. */
const KEPT_BYTES_MAX = 64 * 1024 * 1024;

interface Waiting {
  readonly resolve: (file: ParquetFile) => void;
  readonly reject: (error: DataflowError) => void;
}

/**
 * An encoder with a thread of its own, which starts with the first file, keeps the process alive only while it works,
 * and is started anew if it dies. Files are encoded one after the other, in one form.
 *
 * `encode` copies the rows before it returns its promise, so the batches may go. It throws what `packRows` throws,
 * DF_PARQUET when the file cannot be written, DF_PARQUET_THREAD (transient) when the thread died, DF_CLOSED after
 * close.
 * @throws DF_COMPRESSION where this Node cannot compress as the form says
 */
export function parquetEncoder(form: FileForm = USUAL_FORM): ParquetEncoder {
  checkCompression(form.compression);
  const waiting = new Map<number, Waiting>();
  let worker: Worker | undefined;
  let nextId = 0;
  let isClosed = false;
  /** Came back from the thread. Memory that is new for each file costs more than the copy into it. */
  let kept: ArrayBuffer | undefined;

  function memoryFor(sizeBytes: number): ArrayBuffer {
    const memory = kept;
    kept = undefined;
    if (memory !== undefined && memory.byteLength >= sizeBytes) return memory;
    // Files of a table differ in size by little.
    return new ArrayBuffer(Math.min(Math.ceil(sizeBytes * 1.125), Math.max(sizeBytes, KEPT_BYTES_MAX)));
  }

  function failAll(error: DataflowError): void {
    worker = undefined;
    const failed = [...waiting.values()];
    waiting.clear();
    for (const { reject } of failed) reject(error);
  }

  function start(): Worker {
    // Flags of the command line (--eval, --inspect-brk) are not meant for this thread.
    const thread = new Worker(workerUrl(), { execArgv: [] });
    thread.on("message", (answer: EncodeAnswer) => {
      const [memory] = answer.memory;
      if (memory !== undefined && memory.byteLength <= KEPT_BYTES_MAX) kept = memory;
      const request = waiting.get(answer.id);
      waiting.delete(answer.id);
      if (waiting.size === 0) thread.unref();
      if ("file" in answer) request?.resolve(answer.file);
      else
        request?.reject(
          new DataflowError("DF_PARQUET", `Could not encode a Parquet file: ${answer.reason}.`),
        );
    });
    thread.on("error", (cause) => {
      if (thread === worker) failAll(threadDied(reasonOf(cause), cause));
    });
    thread.on("exit", (code) => {
      if (thread === worker) failAll(threadDied(`exit code ${code}`));
    });
    return thread;
  }

  return {
    encode: async (schema: Schema, batches: readonly Batch[]) => {
      if (isClosed) throw closed();
      const packed = packRows(schema, batches, memoryFor);
      worker ??= start();
      const thread = worker;
      const id = nextId++;
      const file = new Promise<ParquetFile>((resolve, reject) => waiting.set(id, { resolve, reject }));
      thread.ref();
      const request: EncodeRequest = { id, schema, packed, form };
      thread.postMessage(request, memoryBehind(packed));
      return file;
    },
    close: async () => {
      isClosed = true;
      const thread = worker;
      failAll(closed());
      await thread?.terminate();
    },
  };
}

/** The worker's file beside this one, in the form in which this one runs: source or compiled. */
function workerUrl(): URL {
  return new URL(
    import.meta.url.endsWith(".ts") ? "./encode-worker.ts" : "./encode-worker.js",
    import.meta.url,
  );
}

function threadDied(reason: string, cause?: unknown): DataflowError {
  return new DataflowError(
    "DF_PARQUET_THREAD",
    `The thread that encodes Parquet files died: ${reason}. If memory ran out, lower the sink's commitEvery.bytes.`,
    { cause, transient: true },
  );
}

function closed(): DataflowError {
  return new DataflowError("DF_CLOSED", "The Parquet encoder is closed.");
}
