import type { ChildProcess } from "node:child_process";
import { constants } from "node:os";
import { type Failure, judged, type Row } from "./failures.ts";
import type { Told } from "./tell.ts";

/** What stops a run instead of breaking it. */
const STOPS = ["SIGINT", "SIGTERM", "SIGHUP"] as const;
const STOP_CODES: readonly (number | null)[] = STOPS.map((name) => 128 + constants.signals[name]);

/** What a supervisor works with. */
export interface Supervised {
  /** Starts a run as a child process with a channel. */
  readonly start: () => ChildProcess;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  /** Resolves after so many milliseconds, or rejects as soon as the signal asks. */
  readonly sleep: (ms: number, signal: AbortSignal) => Promise<unknown>;
  /** Tells whoever operates the pipeline, in one line. */
  readonly say: (words: string) => void;
  /** Whether a terminal sends SIGINT to the child itself. */
  readonly terminal: boolean;
}

/** How one run ended. */
interface RunEnd {
  readonly code: number;
  /** Why it failed, where that may pass; undefined where it does not, and where nothing failed. */
  readonly passing: string | undefined;
  /** Whether somebody else ended it, so that it could not say why. */
  readonly silent: boolean;
  readonly gotOn: boolean;
}

/**
 * Runs a pipeline as a child process, and again whenever it fails for a reason that may pass, until it ends by itself,
 * is stopped, or has failed too often without getting on. Signals go to the child. Resolves to its last exit code.
 */
export async function supervise({ start, now, sleep, say, terminal }: Supervised): Promise<number> {
  const stopped = new AbortController();
  let child: ChildProcess | undefined;
  let code = 0;
  const listeners = STOPS.map((name) => {
    const listener = (): void => {
      code = 128 + constants.signals[name];
      stopped.abort();
      // Ctrl-C goes to every process at the terminal: a second one would mean "at once".
      if (name !== "SIGINT" || !terminal) child?.kill(name);
    };
    process.on(name, listener);
    return () => process.off(name, listener);
  });
  try {
    for (let row: Row | undefined; ;) {
      const startedMs = now();
      child = start();
      const ended = await endOf(child);
      child = undefined;
      code = ended.code;
      if (ended.passing === undefined || stopped.signal.aborted) return code;
      const failure: Failure = { startedMs, endedMs: now(), gotOn: ended.gotOn };
      const verdict = judged(row, failure);
      if (verdict.kind === "give up") {
        say(
          `The run ${verdict.words}, and is not started again. The last time: ${ended.passing} Tables are as the last delivery left them; mend the reason and run it again, it goes on from the last checkpoint. [DF_CRASH_LOOP]`,
        );
        return code;
      }
      say(`The run has failed${ended.silent ? `: ${ended.passing}` : "."} ${verdict.words}`);
      row = verdict.row;
      await sleep(verdict.pauseMs, stopped.signal).catch(() => undefined);
      if (stopped.signal.aborted) return code;
    }
  } finally {
    for (const off of listeners) off();
  }
}

/** Waits for the end of a child, and hears what it tells meanwhile. */
function endOf(child: ChildProcess): Promise<RunEnd> {
  let gotOn = false;
  let failed: (Told & { readonly kind: "failed" }) | undefined;
  child.on("message", (told: Told) => {
    if (told.kind === "got on") gotOn = true;
    else failed = told;
  });
  return new Promise((resolve, reject) => {
    child.once("error", reject);
    // Not "exit": messages that are still in the channel come before this one.
    child.once("close", (exit, signal) => {
      const code = exit ?? 128 + constants.signals[signal ?? "SIGKILL"];
      const killed = signal !== null && !STOP_CODES.includes(code);
      const told = failed?.mayPass === true ? sentence(failed.reason) : undefined;
      resolve({ code, gotOn, silent: killed, passing: killed ? wordsOf(signal) : told });
    });
  });
}

function sentence(words: string): string {
  return /[.!?\]]$/.test(words) ? words : `${words}.`;
}

function wordsOf(signal: NodeJS.Signals): string {
  if (signal === "SIGKILL") {
    return "it was killed with SIGKILL, which is also how a system ends a process when memory runs out.";
  }
  return signal === "SIGABRT"
    ? "it was ended with SIGABRT, as when Node has used all memory it may use (--max-old-space-size)."
    : `it was ended with ${signal}.`;
}
