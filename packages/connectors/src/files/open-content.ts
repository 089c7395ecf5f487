import { DataflowError, within } from "@df/core";
import { codecOf } from "@df/formats/compression/codec";
import type { Codec } from "@df/formats/compression/codec";
import { PlainContent } from "./content.ts";
import type { Content } from "./content.ts";
import type { OpenFile } from "./open-file.ts";
import { PackedContent } from "./packed-content.ts";
import type { FilePosition } from "./position.ts";

/** How files are compressed: "auto" looks at the first bytes of each, "none" takes all as they are. */
export type Compression = "auto" | "none" | Codec;

/** How the bytes of files become their content. */
export interface Unpacking {
  readonly compression: Compression;
  /** Bytes of content that may come of each byte of a compressed file. */
  readonly expansionMax: number;
}

/** Opens the content of a file from an offset on, the beginning or that of the position. */
export type ContentAt = (offset: number) => Content;

/** How a file is read, and where. */
export interface ContentOptions extends Unpacking {
  readonly follow: boolean;
  readonly resumed: FilePosition | undefined;
}

/**
 * Finds out how a file is compressed, and that it is the one of the position. Undefined where it is too short to tell
 * and may grow.
 * @throws DF_POSITION for another file than before, DF_COMPRESSION for one that is compressed otherwise than said
 */
export async function openContent(file: OpenFile, options: ContentOptions): Promise<ContentAt | undefined> {
  const { resumed, expansionMax } = options;
  const begin = await file.begins();
  if (resumed !== undefined) {
    await file.check(resumed, begin, resumed.packed?.from ?? resumed.seen ?? resumed.offset);
  }
  const codec = codecIn(file.path, begin, options);
  if (codec === undefined) return undefined;
  if (resumed !== undefined && (codec === "none") !== (resumed.packed === undefined)) {
    throw new DataflowError(
      "DF_POSITION",
      `${file.path} was read as ${codec === "none" ? "compressed" : "it is"} so far, and now would be read as ` +
        `${codec === "none" ? "it is" : codec}. Set compression of files() as it was.`,
    );
  }
  if (codec === "none") return (offset) => new PlainContent(file, offset);
  return (offset) => {
    const isResumed = offset === resumed?.offset;
    const place = (isResumed ? resumed.packed : undefined) ?? { from: 0, offset: 0 };
    return new PackedContent(file, { codec, expansionMax, place, offset });
  };
}

function codecIn(
  path: string,
  begin: Uint8Array,
  { compression, follow }: ContentOptions,
): Codec | "none" | undefined {
  if (compression === "none") return "none";
  let found: Codec | "none" | undefined;
  try {
    found = codecOf(begin, !follow);
  } catch (thrown) {
    throw within(path, thrown);
  }
  if (compression === "auto" || found === compression || found === undefined) return found;
  if (begin.length === 0) return compression;
  throw new DataflowError(
    "DF_COMPRESSION",
    `${path} does not begin as ${compression} does, as compression of files() says. ` +
      'With compression: "auto" each file is read as its first bytes say.',
  );
}
