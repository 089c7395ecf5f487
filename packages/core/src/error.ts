import { inspect } from "node:util";
import { redacted, redactedCause } from "./secret/redact.ts";

/** The form of a code. */
type Code = `DF_${string}`;

/**
 * Everything the engine refuses or gives up on. The message says what, where and what to do, with the values; those of
 * secrets are left out of it, and of the cause.
 */
export class DataflowError extends Error {
  /** Stable, for programs and for searching: `DF_…`. */
  readonly code: Code;
  /** Whether trying the same again may succeed. */
  readonly transient: boolean;

  constructor(
    code: Code,
    message: string,
    options: { readonly cause?: unknown; readonly transient?: boolean } = {},
  ) {
    const cause = redactedCause(options.cause);
    super(`${redacted(message)}${suffixOf(code)}`, cause === undefined ? {} : { cause });
    this.name = "DataflowError";
    this.code = code;
    this.transient = options.transient ?? false;
  }

  /** The message without its code: for a message that says more. */
  get words(): string {
    return this.message.slice(0, -suffixOf(this.code).length);
  }
}

/**
 * The same error told from further away, with `place` before its words: `Node "orders": …`. What is no DataflowError
 * comes back as it is.
 */
export function within(place: string, thrown: unknown): unknown {
  if (!(thrown instanceof DataflowError)) return thrown;
  const { code, words, transient } = thrown;
  return new DataflowError(code, `${place}: ${words}`, { cause: thrown, transient });
}

/** The text of whatever was thrown. */
export function reasonOf(thrown: unknown): string {
  if (thrown instanceof Error) return thrown.message;
  // Not every value can be made a string: an object without a prototype has no way to.
  return typeof thrown === "string" ? thrown : inspect(thrown);
}

function suffixOf(code: Code): string {
  return ` [${code}]`;
}
