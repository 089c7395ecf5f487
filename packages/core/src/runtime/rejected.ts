import { DataflowError } from "../error.ts";
import type { Refusal } from "./quarantine-buffer.ts";

/** Bytes of the record that are shown. */
const EXCERPT_BYTES = 200;

/**
 * What ends a run that has no place for refused rows. What was `thrown`, if the row is refused for that, is its cause:
 * it tells the line in the user's file.
 */
export function rejected({ node, split, position, reason, raw }: Refusal, thrown: unknown): DataflowError {
  const place = split === undefined ? "" : ` (split ${split}, position ${position})`;
  return new DataflowError(
    "DF_REJECTED",
    `Node "${node}" refused a row${place}: ${reason.replace(/\.$/, "")}. The record is: ${excerpt(raw)}. ` +
      "Name a place for such rows with onInvalid (of the source) or rejected (of the pipeline), or mend the step or the input.",
    { cause: thrown },
  );
}

function excerpt(raw: Uint8Array): string {
  const text = new TextDecoder().decode(raw.subarray(0, EXCERPT_BYTES));
  return raw.length > EXCERPT_BYTES ? `${text}…` : text;
}
