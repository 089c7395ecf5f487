/** Files as a source: `files({ path: "./input/*.jsonl", decode: json(Order) })`. */
export { files } from "@df/connectors/files/files";
export type { FilesOptions } from "@df/connectors/files/files";
/** Directories of CSV or JSON Lines files as a sink: `filesSink({ path: "./out", format: csvLines() })`. */
export { filesSink } from "@df/connectors/files-sink/files-sink";
export type { FilesSinkOptions } from "@df/connectors/files-sink/files-sink";
export { csvLines, jsonLines } from "@df/formats/text/text-format";
export type { CsvFormatOptions, TextFormat } from "@df/formats/text/text-format";
