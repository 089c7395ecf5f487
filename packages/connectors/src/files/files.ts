import type { Decodes, Json, Source, SourceContext, Split, TypedSource } from "@df/core";
import { DataflowError, checkOneOf, checkOptions } from "@df/core";
import { recipeOf, type LineDecoder } from "@df/formats";
import { FileReader } from "./file-reader.ts";
import { findFiles } from "./find-files.ts";
import type { Compression, Unpacking } from "./open-content.ts";
import { pathOf } from "./path-of.ts";
import { parsePosition } from "./position.ts";
import type { FilesElsewhere } from "./read-elsewhere.ts";

// The same line serves the sources (.ts, types stripped by Node) and the release (.js).
const extension = import.meta.url.endsWith(".ts") ? "ts" : "js";
/** What reads files on another thread. */
const MODULE = new URL(`./read-elsewhere.${extension}`, import.meta.url).href;

/** What `files()` reads, and as what. */
export interface FilesOptions<Row> {
  /**
   * Paths with `*`, `**`, `?` and `{a,b}`, or file: URLs. Relative ones start from the directory the command runs in.
   */
  readonly path: string | URL | readonly (string | URL)[];
  /** What a line means: `json(Order)`, `csv(Order)`. */
  readonly decode: LineDecoder & Decodes<Row>;
  /** Whether the end of the files is the end of the input, which closes windows without --drain. Default: false. */
  readonly bounded?: boolean | undefined;
  /**
   * How the files are compressed. "auto": each as its first bytes say, whatever its name; "none": not at all, all bytes
   * are records; "gzip", "zstd": all alike, others are refused. Default: "auto".
   */
  readonly compression?: Compression | undefined;
  /**
   * How many bytes of content may come of each byte of a compressed file, from 64 MiB of content on. Beyond, the run is
   * stopped: small files may hold more than any disk. Default: 200.
   */
  readonly expansionMax?: number | undefined;
}

const OPTIONS: readonly (keyof FilesOptions<unknown>)[] = [
  "path",
  "decode",
  "bounded",
  "compression",
  "expansionMax",
];
const COMPRESSIONS: readonly Compression[] = ["auto", "none", "gzip", "zstd"];
const EXPANSION_MAX = 200;

/**
 * Reads files line by line. Each file is a split; its id is its path below the part of the pattern that has no
 * wildcards, so that a directory can be moved with its files. Files may grow by appending, and appear; one that shrinks
 * or is replaced is refused. See README.md.
 * @throws DF_PATH for no path, and for a URL that names no file; DF_OPTION for a decoder or an option that is none
 */
export function files<Row>(options: FilesOptions<Row>): TypedSource<Row> {
  checkOptions(options, OPTIONS, "files()");
  const { path, decode, bounded = false } = options;
  checkOneOf(bounded, [true, false], "bounded of files()");
  const patterns = (typeof path === "string" || path instanceof URL ? [path] : (path ?? [])).map(pathOf);
  if (patterns.length === 0) {
    throw new DataflowError("DF_PATH", 'files() has no path. Give it one: path: "input/*.jsonl".');
  }
  if (typeof decode?.open !== "function") {
    throw new DataflowError(
      "DF_OPTION",
      'files() reads with a decoder: decode: json(Order) of "dataflow/json", csv(Order) of "dataflow/csv", or ' +
        'lines() of "dataflow/lines". ' +
        'The csvLines() and jsonLines() of "dataflow/files" are how filesSink() writes.',
    );
  }
  const unpacking = checkedUnpacking(options);
  return {
    name: "files",
    schema: decode.schema,
    options: { path: patterns, decoder: decode.name, decode: decode.options } satisfies Json,
    rows: "events",
    bounded,
    history: "full",
    open: async (context) => new FilesSource(patterns, { ...unpacking, decode }, context),
  };
}

function checkedUnpacking(options: FilesOptions<unknown>): Unpacking {
  const { compression = "auto", expansionMax = EXPANSION_MAX } = options;
  checkOneOf(compression, COMPRESSIONS, "compression of files()");
  if (!(expansionMax >= 1)) {
    throw new DataflowError(
      "DF_OPTION",
      `expansionMax of files() is ${expansionMax}: give a number of bytes from 1, Infinity for no limit.`,
    );
  }
  return { compression, expansionMax };
}

interface Reading extends Unpacking {
  readonly decode: LineDecoder;
}

class FilesSource implements Source {
  readonly #patterns: readonly string[];
  readonly #reading: Reading;
  readonly #context: SourceContext;
  /** Undefined where only this thread can decode. */
  readonly elsewhere: Source["elsewhere"];
  /** Paths by split. */
  #paths: ReadonlyMap<string, string> = new Map();
  readonly #readers: Set<FileReader> = new Set();

  constructor(patterns: readonly string[], reading: Reading, context: SourceContext) {
    this.#patterns = patterns;
    this.#reading = reading;
    this.#context = context;
    const shared = sharedBy(reading, context);
    this.elsewhere = shared && ((split) => ({ module: MODULE, shared, split: this.#pathOf(split) }));
  }

  isBefore(position: Json, other: Json): boolean {
    return parsePosition(position, "a file").offset < parsePosition(other, "a file").offset;
  }

  async splits(): Promise<readonly Split[]> {
    const { directory, follow } = this.#context;
    this.#paths = await findFiles(this.#patterns, directory);
    if (this.#paths.size === 0 && !follow) {
      throw new DataflowError(
        "DF_NO_INPUT",
        `No file matches ${this.#patterns.map((pattern) => `"${pattern}"`).join(" or ")} in ${directory}. ` +
          "Check the path, or wait for files with --follow.",
      );
    }
    return [...this.#paths.keys()].map((id) => ({ id }));
  }

  read(split: Split, position: Json | undefined): FileReader {
    const path = this.#pathOf(split);
    const { schema, follow, generate } = this.#context;
    const { decode, ...unpacking } = this.#reading;
    const file = { path, decoder: decode.open(schema, generate), follow, ...unpacking };
    const reader: FileReader = new FileReader(file, position, () => this.#readers.delete(reader));
    this.#readers.add(reader);
    return reader;
  }

  #pathOf({ id }: Split): string {
    const path = this.#paths.get(id);
    if (path !== undefined) return path;
    throw new DataflowError(
      "DF_POSITION",
      `The file "${id}" is not there any more, but reading is to go on in it. Put it back; ` +
        "files may be removed only once a run has ended with all of them read.",
    );
  }

  async close(): Promise<void> {
    for (const reader of this.#readers) await reader.close();
  }
}

function sharedBy({ decode, ...unpacking }: Reading, context: SourceContext): FilesElsewhere | undefined {
  const decoder = recipeOf(decode);
  if (decoder === undefined) return undefined;
  const { schema, follow, generate } = context;
  return { decoder, columns: { fields: schema.fields }, follow, generate, ...unpacking };
}
