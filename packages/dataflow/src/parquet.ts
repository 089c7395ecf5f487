/** Directories of Parquet files as a sink: `parquet({ path: "./lake/late" })`. */
export { parquet } from "@df/connectors/parquet/parquet";
export type { ParquetSinkOptions } from "@df/connectors/parquet/parquet";
