/** Everything the engine refuses or gives up on. The message says what, where and what to do, with the values. */
export class DataflowError extends Error {
  /** Stable, for programs and for searching: `DF_…`. */
  readonly code: string;
  /** Whether trying the same again may succeed. */
  readonly transient: boolean;

  constructor(
    code: `DF_${string}`,
    message: string,
    options: { readonly cause?: unknown; readonly transient?: boolean } = {},
  ) {
    super(`${message} [${code}]`, options.cause === undefined ? {} : { cause: options.cause });
    this.name = "DataflowError";
    this.code = code;
    this.transient = options.transient ?? false;
  }
}

/** The text of whatever was thrown. */
export function reasonOf(thrown: unknown): string {
  return thrown instanceof Error ? thrown.message : String(thrown);
}
