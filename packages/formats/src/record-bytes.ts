import { DataflowError } from "@df/core";

/** How long a record may be by default. */
export const RECORD_BYTES_MAX: number = 1024 * 1024;
/** Beyond this, offsets of text in a batch would come near 2^31. */
const RECORD_BYTES_LIMIT = 256 * 1024 * 1024;

/** Checks the `recordBytesMax` of a decoder. @throws DF_OPTION for what is no whole number from 1 to 256 MiB */
export function checkRecordBytes(decoder: "csv" | "json" | "lines", recordBytesMax: number): void {
  if (Number.isInteger(recordBytesMax) && recordBytesMax >= 1 && recordBytesMax <= RECORD_BYTES_LIMIT) return;
  throw new DataflowError(
    "DF_OPTION",
    `recordBytesMax of ${decoder}() is ${recordBytesMax}: give a whole number of bytes from 1 to ${RECORD_BYTES_LIMIT}.`,
  );
}
