import { DataflowError } from "../error.ts";

/** Places of text in a column are int32: beyond this they would wrap and name other bytes. */
const TEXT_BYTES_MAX = 2 ** 31 - 1;

/** Refuses a column whose text would have so many bytes in one batch. @throws DF_BATCH_BYTES */
export function checkTextBytes(bytes: number): void {
  if (bytes <= TEXT_BYTES_MAX) return;
  throw new DataflowError(
    "DF_BATCH_BYTES",
    `The text of one column would have ${bytes} bytes in one batch; at most ${TEXT_BYTES_MAX} are possible. ` +
      "Leave long columns out before the step that brings their rows together, with .select(), or read smaller records.",
  );
}

/** Room for text: the wished one, but no more than there can be text, and no less than is needed. */
export function textCapacity(wished: number, needed: number): number {
  return Math.max(Math.min(wished, TEXT_BYTES_MAX), needed);
}
