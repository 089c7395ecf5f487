/** CSV: `decode: csv(Order)`. */
export { csv } from "@df/formats/csv/csv";
export type { CsvOptions } from "@df/formats/csv/csv";
