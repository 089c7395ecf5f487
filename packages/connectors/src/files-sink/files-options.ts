import type { Json } from "@df/core";
import { parseTextFormat } from "@df/formats/text/text-format";
import type { TextFormat } from "@df/formats/text/text-format";
import { parseTableOptions } from "../lake/table-options.ts";
import type { TableOptions } from "../lake/table-options.ts";

/** What the committer of a files sink is built from. */
export interface FilesTableOptions extends TableOptions {
  readonly format: TextFormat;
}

/** Checks options as they were given or stored. @throws DF_OPTION */
export function parseFilesOptions(options: Json): FilesTableOptions {
  const { format } = (options ?? {}) as { readonly format?: Json };
  return { ...parseTableOptions("filesSink", options), format: parseTextFormat(format) };
}
