export { csv, type CsvOptions } from "./csv/csv.ts";
export * from "./decoder.ts";
export { json, type JsonOptions } from "./json/json.ts";
export { lines, type LinesOptions } from "./lines/lines.ts";
export * from "./parquet/encoder.ts";
export { parquetEncoder } from "./parquet/worker-encoder.ts";
