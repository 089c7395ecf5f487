import { DataflowError, checkOneOf, checkOptions } from "@df/core";
import type { ChangeMode, Json, Shape, TypedSink } from "@df/core";

/** How rows are printed. */
export interface ConsoleSinkOptions {
  /** Default "json": one object a line. */
  readonly format?: "json" | undefined;
}

/**
 * Prints rows on standard output, one JSON object a line, when they are delivered. Streams with updates begin each line
 * with `"op":"+"` or `"op":"-"`. At least once: what was printed before a crash may be printed again.
 * @throws DF_OPTION for another format
 */
export function consoleSink(options: ConsoleSinkOptions = {}): TypedSink<unknown, ChangeMode> {
  checkOptions(options, ["format"], "consoleSink()");
  const { format = "json" } = options;
  checkOneOf(format, ["json"], "format of consoleSink()");
  return {
    connector: "console",
    options: { format } satisfies Json,
    changes: ["append", "upsert", "retract"],
    guarantee: "at least once",
    check: ({ schema, change }: Shape) => {
      if (change === "append" || schema.fields.every(({ name }) => name !== "op")) return;
      throw new DataflowError(
        "DF_COLUMN",
        'consoleSink() writes "op" before the columns of a stream with updates, and this one has a column "op". ' +
          "Give it another name with .map().",
      );
    },
  };
}
