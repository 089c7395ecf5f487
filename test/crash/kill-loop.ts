/** Kills the real command, again and again, until it gets through; counts in which phase each kill found it. */
import type { ChildProcess } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { join } from "node:path";
import { newFolder, root, startDataflow } from "../command.ts";

/** Where a kill found the run, by the last step of its protocol. */
export type Phase =
  | "before the first checkpoint"
  | "between checkpoint and intent"
  | "between intent and commit"
  | "after a commit"
  | "while starting again";

const PHASE_AFTER: Readonly<Record<string, Phase>> = {
  "checkpoint stored": "between checkpoint and intent",
  staged: "between checkpoint and intent",
  "intent stored": "between intent and commit",
  committed: "after a commit",
  "delivery recorded": "after a commit",
};

export interface KillLoop {
  readonly folder: string;
  readonly kills: Readonly<Record<Phase, number>>;
}

/** Milliseconds that a run waits at each step of the protocol, and for each row. */
const SLOW = { DATAFLOW_PAUSE_MS: "12", CRASH_ROW_MS: "4" };
const STEPS = Object.keys(PHASE_AFTER);
/** Kills before anything is stored, with which each loop begins. */
const EARLY_KILLS = 2;

/** One job to its end, with `kills` kills on the way. The seed decides when they come. */
export async function killLoop(seed: number, kills: number): Promise<KillLoop> {
  const draw = drawing(seed);
  const folder = newFolder(`kill-${seed}`);
  const counts: Record<Phase, number> = {
    "before the first checkpoint": 0,
    "between checkpoint and intent": 0,
    "between intent and commit": 0,
    "after a commit": 0,
    "while starting again": 0,
  };
  let stored = false;
  for (let killed = 0; killed < kills; killed++) {
    const early = killed < EARLY_KILLS;
    const step = STEPS[draw(STEPS.length)];
    const when = early ? { afterMs: 100 + draw(300) } : { step, nth: 1 + draw(3), afterMs: draw(10) };
    const steps = await runAndKill(folder, when);
    const last = steps.at(-1);
    if (last !== undefined) counts[PHASE_AFTER[last] ?? "after a commit"]++;
    else counts[stored ? "while starting again" : "before the first checkpoint"]++;
    stored ||= last !== undefined;
  }
  const child = startDataflow(folder, ["run", join(root, "test/crash/pipeline.ts")]);
  const { code, stderr } = await ended(child);
  if (code !== 0) throw new Error(`the last run ended with ${code}: ${stderr}`);
  return { folder, kills: counts };
}

/**
 * Starts a run and kills it: some time after its start, or after it has taken a step for the n-th time. Gives its
 * steps.
 */
async function runAndKill(
  folder: string,
  when: { readonly step?: string | undefined; readonly nth?: number; readonly afterMs: number },
): Promise<readonly string[]> {
  const child = startDataflow(folder, ["run", join(root, "test/crash/pipeline.ts")], SLOW);
  const steps: string[] = [];
  let text = "";
  const reached = new Promise<void>((resolve) => {
    child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
      text += chunk;
      for (const [line, step] of text.matchAll(/^step: ([a-z ]+) \(.*\)\n/gm)) {
        steps.push(step ?? "");
        text = text.slice(text.indexOf(line) + line.length);
        if (steps.filter((taken) => taken === when.step).length === when.nth) resolve();
      }
    });
    if (when.step === undefined) resolve();
    child.once("exit", () => resolve());
  });
  await reached;
  await setTimeout(when.afterMs);
  const before = child.exitCode;
  child.kill("SIGKILL");
  if (child.signalCode === null && child.exitCode === null)
    await new Promise((resolve) => child.once("exit", resolve));
  if (before !== null && before !== 0) throw new Error(`a run ended by itself with ${before}: ${text}`);
  return steps;
}

async function ended(
  child: ChildProcess,
): Promise<{ readonly code: number | null; readonly stderr: string }> {
  let stderr = "";
  child.stderr?.setEncoding("utf8").on("data", (chunk: string) => {
    stderr += chunk;
  });
  child.stdout?.resume();
  const code = await new Promise<number | null>((resolve) => child.once("exit", resolve));
  return { code, stderr };
}

/** Numbers below a limit, drawn from a seed (mulberry32). */
function drawing(seed: number): (below: number) => number {
  let state = seed >>> 0;
  return (below) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}
