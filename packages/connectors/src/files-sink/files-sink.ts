import type { ChangeMode, Json, Shape, TypedSink } from "@df/core";
import { DataflowError, checkOptions } from "@df/core";
import type { TextFormat } from "@df/formats/text/text-format";
import { targetOf } from "../lake/target.ts";
import { parseFilesOptions } from "./files-options.ts";

/** Where `filesSink` writes, and how. */
export interface FilesSinkOptions {
  /** A local directory, made if it is absent; relative to the directory the command runs in. */
  readonly path: string;
  /** `csvLines()` or `jsonLines()`. */
  readonly format: TextFormat;
}

/**
 * A directory of CSV or JSON Lines files. Exactly once for readers of its manifest (`_commits`), effectively once for
 * those that read all files in it. Rows of streams that append are written as they are; of streams with updates each
 * change, behind a first column `op`: "+" for a row that is given, "-" for one that is taken back.
 * @throws DF_OPTION for a path that is no local directory, and for another format
 */
export function filesSink(options: FilesSinkOptions): TypedSink<unknown, ChangeMode> {
  checkOptions(options, ["path", "format"], "filesSink()");
  const { path, format } = parseFilesOptions({ path: options.path, format: options.format });
  return {
    connector: "files",
    options: { path, format } satisfies Json,
    changes: ["append", "upsert", "retract"],
    target: targetOf(path),
    guarantee: "exactly once",
    check: (input: Shape) => {
      if (input.change !== "append") checkChanges(input, path);
      else if (format.kind === "csv") checkLines(input);
    },
  };
}

function checkChanges({ schema, change, key }: Shape, path: string): void {
  if (schema.fields.some(({ name }) => name === "op")) {
    throw new DataflowError(
      "DF_COLUMN",
      'filesSink() writes "op" before the columns of a stream with updates, and this one has a column "op". ' +
        "Give it another name with .map().",
    );
  }
  if (change === "retract" || key.length > 0) return;
  throw new DataflowError(
    "DF_CHANGE",
    `filesSink({ path: "${path}" }) gets upserts without a key: name it with keyBy().`,
  );
}

/** A null alone would be an empty line, and readers pass over those. */
function checkLines({ schema: { fields } }: Shape): void {
  const [field] = fields;
  if (field === undefined || fields.length > 1 || !field.nullable) return;
  throw new DataflowError(
    "DF_COLUMN",
    `Column "${field.name}" is the only one that filesSink() gets, and a null would be an empty line of CSV, which ` +
      "readers pass over. Write it as jsonLines(), or add a column with .map().",
  );
}
