import { DataflowError, type Columns, type RowType } from "@df/core";
import { csv, type CsvOptions } from "./csv/csv.ts";
import type { DecoderRecipe, LineDecoder } from "./decoder.ts";
import { json, type JsonOptions } from "./json/json.ts";
import { lines, type LinesOptions } from "./lines/lines.ts";

/** The decoder of a recipe. @throws DF_BUG for one that is none of ours */
export function decoderOf({ name, schema, options }: DecoderRecipe): LineDecoder {
  // Of a row type decoders look at the schema alone.
  const row = { schema } as RowType<Columns>;
  switch (name) {
    case "json":
      return json(row, options as JsonOptions);
    case "csv":
      return csv(row, options as CsvOptions);
    case "lines":
      return lines(options as LinesOptions);
    default:
      throw new DataflowError("DF_BUG", `There is no decoder "${name}" that could be made again.`);
  }
}
