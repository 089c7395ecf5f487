/** What one thread tells another of an error: its class does not go over with it. */
import { DataflowError, reasonOf } from "./error.ts";

/** An error as plain data. */
export interface ToldError {
  /** Of our own errors without the code. */
  readonly words: string;
  /** Of our own errors only. */
  readonly code: DataflowError["code"] | undefined;
  readonly transient: boolean;
  readonly stack: string | undefined;
  readonly cause: ToldError | undefined;
}

/** Causes behind an error that are told: they may be a ring. */
const CAUSES_MAX = 8;

/** Whatever was thrown, as plain data. */
export function toldError(thrown: unknown, causesMax: number = CAUSES_MAX): ToldError {
  const own = thrown instanceof DataflowError ? thrown : undefined;
  const { stack, cause } = thrown instanceof Error ? thrown : {};
  return {
    words: own?.words ?? reasonOf(thrown),
    code: own?.code,
    transient: own?.transient ?? false,
    stack,
    cause: cause === undefined || causesMax === 0 ? undefined : toldError(cause, causesMax - 1),
  };
}

/** The error that was told. */
export function heardError({ words, code, transient, stack, cause: told }: ToldError): Error {
  const cause = told === undefined ? undefined : heardError(told);
  if (code !== undefined) return new DataflowError(code, words, { cause, transient });
  return Object.assign(new Error(words, cause === undefined ? {} : { cause }), { stack });
}

/** The error of a thread that could not be started or has gone: of memory, of open files. */
export function lostThread(cause: unknown): DataflowError {
  return new DataflowError(
    "DF_THREAD",
    `A thread was lost: ${reasonOf(cause).replace(/\.+$/, "")}. Memory (NODE_OPTIONS=--max-old-space-size=8192, in MiB) or open files (ulimit -n) may be too few. Run it again: it goes on from the last checkpoint.`,
    { cause, transient: true },
  );
}

/** Codes of what a thread lacks: memory, or open files. */
const LACKING: ReadonlySet<unknown> = new Set(["EAGAIN", "EMFILE", "ENFILE", "ENOMEM", "ERR_DLOPEN_FAILED"]);

/**
 * The error that has ended a thread: what code of the pipeline threw while nobody waited for it, as it was thrown, also
 * where it has a code; or else one of what the thread lacked, which goes by when the run is started again.
 */
export function endOfThread(thrown: unknown): unknown {
  return thrown instanceof Error && !isLacking(thrown) ? thrown : lostThread(thrown);
}

function isLacking(thrown: object): boolean {
  const code = "code" in thrown ? thrown.code : undefined;
  return LACKING.has(code) || (typeof code === "string" && code.startsWith("ERR_WORKER_"));
}
