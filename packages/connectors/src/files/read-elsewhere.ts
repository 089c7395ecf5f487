/** Files as another thread reads them: `files.ts` names this module to it. */
import type { Json, OpenReaders, Schema } from "@df/core";
import type { DecoderRecipe } from "@df/formats";
import { decoderOf } from "@df/formats/decoders";
import { FileReader } from "./file-reader.ts";
import type { Unpacking } from "./open-content.ts";

/** What the files of a source have in common. */
export interface FilesElsewhere extends Unpacking {
  readonly decoder: DecoderRecipe;
  /** Those that are read. */
  readonly columns: Schema;
  readonly follow: boolean;
  readonly generate: boolean;
}

/** Opens readers of files by their paths. */
export const openReaders: OpenReaders<FilesElsewhere, string> = (shared) => {
  const { decoder: recipe, columns, follow, generate, compression, expansionMax } = shared;
  const decode = decoderOf(recipe);
  return (path: string, position: Json | undefined) => {
    const decoder = decode.open(columns, generate);
    return new FileReader({ path, decoder, follow, compression, expansionMax }, position, () => {});
  };
};
