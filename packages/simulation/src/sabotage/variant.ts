/** A way to break the engine, as words of its source. */

/** Words of a file, and what stands there instead. */
export interface Edit {
  /** From the folder `packages` on. */
  readonly file: string;
  /** Stands there exactly once. */
  readonly find: string;
  readonly replace: string;
}

/** A way to break the engine. */
export interface Variant {
  readonly name: string;
  readonly edits: readonly Edit[];
  /** The seed of the first history that is tried, near one that shows what is rarely seen. Default 1. */
  readonly from?: number;
}

/** One edit that breaks it. */
export function one(name: string, file: string, find: string, replace: string): Variant {
  return { name, edits: [{ file, find, replace }] };
}

/** A variant that few histories show: they are tried from a seed on. */
export function rare(from: number, variant: Variant): Variant {
  return { ...variant, from };
}
