import { DataflowError, checkOptions } from "@df/core";
import type { Json } from "@df/core";

/** How rows are written as lines of text: plain data, so that a sink can store it. */
export type TextFormat = { readonly kind: "csv"; readonly header: boolean } | { readonly kind: "json-lines" };

/** What `csvLines()` may be told. */
export interface CsvFormatOptions {
  /** Whether each file begins with a line of the columns' names. Default true. */
  readonly header?: boolean | undefined;
}

/** Comma-separated values as in RFC 4180, but for lines, which end with LF. @throws DF_OPTION */
export function csvLines(options: CsvFormatOptions = {}): TextFormat {
  checkOptions(options, ["header"], "csvLines()");
  return parseTextFormat({ kind: "csv", header: options.header ?? true });
}

/** JSON Lines: one object a line, which `json()` reads back. */
export function jsonLines(): TextFormat {
  return { kind: "json-lines" };
}

/** Checks a format as it was given or stored. @throws DF_OPTION for anything else */
export function parseTextFormat(value: Json | undefined): TextFormat {
  const { kind, header } = (value ?? {}) as { readonly kind?: unknown; readonly header?: unknown };
  if (kind === "json-lines") return { kind };
  if (kind === "csv" && typeof header === "boolean") return { kind, header };
  const decoder = (value as { readonly open?: unknown } | undefined)?.open;
  const given = typeof decoder === "function" ? "A decoder" : JSON.stringify(value);
  throw new DataflowError(
    "DF_OPTION",
    `${given} is no format of lines: give csvLines(), csvLines({ header: false }) or jsonLines() of "dataflow/files".`,
  );
}

/** The ending of files of a format, without a dot. */
export function fileEnding(format: TextFormat): "csv" | "jsonl" {
  return format.kind === "csv" ? "csv" : "jsonl";
}

/** A format in words: "CSV with a header line". */
export function formatWords(format: TextFormat): string {
  if (format.kind === "json-lines") return "JSON Lines";
  return format.header ? "CSV with a header line" : "CSV without a header line";
}
