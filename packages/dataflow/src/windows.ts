import { DataflowError, micros } from "@df/core";
import type { Duration } from "@df/core";

/** Windows of one size, side by side. */
export interface Tumbling {
  readonly kind: "tumbling";
  readonly sizeMicros: number;
  /** Distance of the first window's start from 1970-01-01T00:00Z; less than the size. */
  readonly offsetMicros: number;
}

/**
 * Windows of one size, side by side, aligned to 1970-01-01T00:00Z plus the offset.
 * @throws DF_WINDOW when the size is 0 or the offset is not below it
 */
export function tumbling(size: Duration, options: { readonly offset?: Duration | undefined } = {}): Tumbling {
  const sizeMicros = micros(size);
  const offsetMicros = options.offset === undefined ? 0 : micros(options.offset);
  if (sizeMicros === 0)
    throw new DataflowError("DF_WINDOW", "A window of size 0 holds nothing. Give it a size.");
  if (offsetMicros >= sizeMicros) {
    throw new DataflowError(
      "DF_WINDOW",
      `The offset "${options.offset}" of a tumbling window must be less than its size "${size}".`,
    );
  }
  return { kind: "tumbling", sizeMicros, offsetMicros };
}
