import { DataflowError, reasonOf } from "@df/core/error";
import { redacted } from "@df/core/secret/redact";
import { told, withPlaces } from "./stack.ts";

/** What the command's exit code says. Signals end with 128 + their number. */
export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  unreachable: 4,
  incompatible: 5,
  running: 6,
  unread: 141,
} as const;

const INCOMPATIBLE = new Set([
  "DF_ADOPT_DIFFERS",
  "DF_ADOPT_LIVE",
  "DF_ADOPT_MOVED",
  "DF_ADOPT_NOTHING",
  "DF_ADOPT_SOURCE",
  "DF_ADOPT_TARGET",
  "DF_ADOPT_UNFINISHED",
  "DF_FENCED",
  "DF_INBOX_COLUMNS",
  "DF_INBOX_CORRUPT",
  "DF_INBOX_FORMAT",
  "DF_MIGRATE",
  "DF_PLAN_CHANGED",
  "DF_SAVEPOINT_DAMAGED",
  "DF_SAVEPOINT_FORMAT",
  "DF_SAVEPOINT_OTHER_PIPELINE",
  "DF_SINK_AHEAD",
  "DF_SINK_BEHIND",
  "DF_SINK_OTHER_LINEAGE",
  "DF_SINK_REPLACED",
  "DF_SINK_ROLLED_BACK",
  "DF_STATE_CHANGED",
  "DF_STATE_CORRUPT",
  "DF_STATE_DRAINED",
  "DF_STATE_EXISTS",
  "DF_STATE_FORMAT",
  "DF_STATE_OTHER_PIPELINE",
]);
const USAGE = new Set([
  "DF_CONFIG",
  "DF_INIT_EXISTS",
  "DF_NO_FILE",
  "DF_NO_PIPELINE",
  "DF_NO_SAVEPOINT",
  "DF_NO_STATE",
  "DF_PARAM",
  "DF_PLAN_DIFFERS",
  "DF_REWIND_TOO_FAR",
  "DF_SAVEPOINT_EMPTY",
  "DF_SAVEPOINT_EXISTS",
  "DF_SAVEPOINT_NAME",
  "DF_SECRET",
  "DF_STATE_FILE_SYSTEM",
  "DF_USAGE",
]);

/** What files of the user have thrown while they were loaded or built. */
const OF_FILES = new Set<unknown>();

/**
 * Does what loads or builds a file of the user. What that throws is told as it is, but no run has failed: the exit code
 * says that the file is wrong, for the next start would come to the same.
 */
export async function ofFile<Made>(work: () => Promise<Made>): Promise<Made> {
  try {
    return await work();
  } catch (thrown) {
    OF_FILES.add(thrown);
    throw thrown;
  }
}

/** The exit code for whatever ended the command. */
export function exitCodeOf(thrown: unknown): number {
  const code = codeOf(thrown);
  return code === EXIT.failed && OF_FILES.has(thrown) ? EXIT.usage : code;
}

function codeOf(thrown: unknown): number {
  if (!(thrown instanceof DataflowError)) return EXIT.failed;
  if (thrown.code === "DF_ALREADY_RUNNING") return EXIT.running;
  if (INCOMPATIBLE.has(thrown.code)) return EXIT.incompatible;
  if (USAGE.has(thrown.code)) return EXIT.usage;
  return thrown.transient || thrown.code === "DF_UNREACHABLE" ? EXIT.unreachable : EXIT.failed;
}

/**
 * What is printed: our own errors in words, and where in the user's files one began that a function of theirs caused; a
 * user's error with its places in their files; a bug with its stack. Without the values of secrets.
 */
export function explain(thrown: unknown): string {
  return redacted(inWords(thrown));
}

function inWords(thrown: unknown): string {
  if (thrown instanceof DataflowError && thrown.code !== "DF_BUG") {
    const origin = originOf(thrown);
    const place = origin instanceof Error ? told(origin).places[0] : undefined;
    return place === undefined ? thrown.message : `${thrown.message}\n    at ${place}`;
  }
  if (!(thrown instanceof Error)) return reasonOf(thrown);
  return thrown instanceof DataflowError ? (thrown.stack ?? thrown.message) : withPlaces(thrown);
}

/** What was thrown before we put our words around it, maybe twice: for what failed, and for where. */
function originOf({ cause }: DataflowError): unknown {
  return cause instanceof DataflowError ? originOf(cause) : cause;
}
