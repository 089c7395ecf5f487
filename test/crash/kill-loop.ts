/** Kills the real command, again and again, until it gets through; counts in which phase each kill found it. */
import type { ChildProcess } from "node:child_process";
import { setTimeout } from "node:timers/promises";
import { Random } from "@df/testing/random";
import { newFolder, startDataflow } from "../command.ts";

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
  /** One per job that was run to its end. */
  readonly folders: readonly string[];
  readonly kills: Readonly<Record<Phase, number>>;
}

/** Milliseconds that a run waits at each step of the protocol, and for each row. */
const SLOW = { DATAFLOW_PAUSE_MS: "12", CRASH_ROW_MS: "4" };
/** Behind which of them it is killed, in turn: each phase as often, also the one that only one step begins. */
const STEPS = [
  "checkpoint stored",
  "intent stored",
  "committed",
  "staged",
  "intent stored",
  "delivery recorded",
] as const;
/** Kills soon after the start, with which each job begins; later ones hit the recovery from an earlier kill. */
const EARLY_KILLS = 2;

/** What is killed. */
export interface Job {
  readonly pipeline: string;
  readonly env?: Readonly<Record<string, string>>;
}

/** Runs of a job, each time to its end, with `kills` kills on the way. The seed decides when they come. */
export async function killLoop(job: Job, seed: number, kills: number): Promise<KillLoop> {
  const random = new Random(seed);
  const folders: string[] = [];
  const counts: Record<Phase, number> = {
    "before the first checkpoint": 0,
    "between checkpoint and intent": 0,
    "between intent and commit": 0,
    "after a commit": 0,
    "while starting again": 0,
  };
  for (let killed = 0; killed < kills;) {
    const folder = newFolder(`kill-${seed}`);
    folders.push(folder);
    let stored = false;
    for (let run = 0; killed < kills; run++) {
      const when =
        run < EARLY_KILLS || random.oneIn(6)
          ? { afterMs: 100 + random.below(300) }
          : { step: STEPS[killed % STEPS.length], nth: 1 + random.below(3), afterMs: random.below(10) };
      const steps = await runAndKill(job, folder, when);
      if (steps === "ended by itself") break;
      const last = steps.at(-1);
      if (last !== undefined) counts[PHASE_AFTER[last] ?? "after a commit"]++;
      else counts[stored ? "while starting again" : "before the first checkpoint"]++;
      stored ||= last !== undefined;
      killed++;
    }
    const { code, stderr } = await ended(startDataflow(folder, ["run", job.pipeline], job.env));
    if (code !== 0) throw new Error(`the last run ended with ${code}: ${stderr}`);
  }
  return { folders, kills: counts };
}

/**
 * Starts a run and kills it: some time after its start, or after it has taken a step for the n-th time. Gives the steps
 * it has taken, unless it came to its end before.
 */
async function runAndKill(
  { pipeline, env }: Job,
  folder: string,
  when: { readonly step?: string | undefined; readonly nth?: number; readonly afterMs: number },
): Promise<readonly string[] | "ended by itself"> {
  const child = startDataflow(folder, ["run", pipeline], { ...SLOW, ...env });
  const exited = new Promise<void>((resolve) => child.once("exit", () => resolve()));
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
  });
  await Promise.race([reached, exited]);
  await Promise.race([setTimeout(when.afterMs), exited]);
  child.kill("SIGKILL");
  await exited;
  if (child.signalCode === "SIGKILL") return steps;
  if (child.exitCode !== 0) throw new Error(`a run ended by itself with ${child.exitCode}: ${text}`);
  return "ended by itself";
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
