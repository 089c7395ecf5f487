/** The bytes of a file, page by page. */
import { DataflowError } from "@df/core";
import type { Field } from "@df/core";
import { ByteSink } from "../byte-sink.ts";
import { compressZstd } from "./compression.ts";
import { USUAL_FORM } from "./file-form.ts";
import type { FileForm } from "./file-form.ts";
import { PLAIN_LOOPS } from "./loops.ts";
import type { ChunkLoops } from "./loops.ts";

/** Sizes in a page's header are int32. */
const PAGE_BYTES_MAX = 2 ** 31 - 1;

/** A file under way: pieces of bytes, and the buffers in which pages come about. */
export class FileBody {
  readonly pieces: Uint8Array[] = [];
  length = 0;
  readonly loops: ChunkLoops;
  readonly form: FileForm;
  page: ByteSink = new ByteSink(0);
  #compressed: ByteSink = new ByteSink(0);

  constructor(loops: ChunkLoops = PLAIN_LOOPS, form: FileForm = USUAL_FORM) {
    this.loops = loops;
    this.form = form;
  }

  append(bytes: Uint8Array): void {
    this.pieces.push(bytes);
    this.length += bytes.length;
  }

  /** To be called before the first page of a chunk: a page that was too large has left the memory of the loops. */
  beginChunk(): void {
    const { page, compressed } = this.loops.sinks();
    this.page = page;
    this.#compressed = compressed;
  }

  /**
   * Appends `page`, compressed, behind its header, and empties it. Returns the bytes of header and page before
   * compression.
   */
  appendPage(field: Field, headerOf: (sizeBytes: number, compressedBytes: number) => Uint8Array): number {
    const compressed = this.#compressed;
    compressed.length = 0;
    if (this.form.compression === "zstd") compressZstd(this.page, compressed);
    else this.loops.compressSnappy(this.page, compressed);
    if (Math.max(this.page.length, compressed.length) > PAGE_BYTES_MAX) {
      throw new DataflowError(
        "DF_PARQUET",
        `A value of column "${field.name}" needs a page of ${this.page.length} bytes, ${PAGE_BYTES_MAX} are possible. ` +
          "Split the value, or leave the column out of the sink.",
      );
    }
    const header = headerOf(this.page.length, compressed.length);
    this.append(header);
    this.append(compressed.slice());
    const uncompressed = header.length + this.page.length;
    this.page.length = 0;
    return uncompressed;
  }
}
