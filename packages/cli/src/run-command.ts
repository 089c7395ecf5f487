import { flushCompileCache } from "node:module";
import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { DataflowError } from "@df/core";
import type { OnStep } from "@df/core/runtime/delivery";
import { memoryLimit } from "@df/core/runtime/memory-limit";
import type { RunReport } from "@df/core/runtime/report";
import type { PlanElsewhere } from "@df/core/runtime/plan-elsewhere";
import { BUDGET_BYTES_MIN, checkedBudget } from "@df/core/state/budget-size";
import { type BuiltPlan, start } from "dataflow";
import { plansOf } from "./build.ts";
import { type Flags, resolveHere } from "./config/resolve-settings.ts";
import type { Settings } from "./config/settings.ts";
import { explain } from "./exit.ts";
import { planElsewhere } from "./load-plan.ts";
import { log } from "./log.ts";
import { progress, type Progress } from "./progress.ts";
import { renderReport } from "./render.ts";
import { runAgain } from "./restart/run-again.ts";
import { tellFailure, tellGotOn } from "./restart/tell.ts";
import { stopSignals } from "./signals.ts";

/** Options of the command. */
export interface RunFlags extends Flags {
  /** The folder of a savepoint. */
  readonly from?: string;
}

/** `dataflow run FILE`: runs all pipelines of a file beside each other. Resolves to the exit code. */
export async function runCommand(file: string, flags: RunFlags): Promise<number> {
  const resolved = await resolveHere(flags);
  const { settings } = resolved;
  if (settings.restart) return runAgain(process.argv.slice(2));
  const plans = await plansOf(file, resolved);
  const stateBudget = budgetOfEach(settings, plans.length);
  const { from } = flags;
  if (from !== undefined) refuseSeveral(plans, file);
  const stop = stopSignals();
  const view = progress();
  const reports = await Promise.allSettled(
    plans.map((plan) => {
      const elsewhere = planElsewhere({ file: resolve(file), name: plan.name, flags });
      return runOne(plan, { ...settings, stateBudget }, { stop, view, from, elsewhere });
    }),
  );
  for (const report of reports) if (report.status === "fulfilled") print(report.value, settings);
  const failed = reports.filter((report) => report.status === "rejected");
  for (const { reason } of failed.slice(1)) process.stderr.write(`${explain(reason)}\n`);
  if (failed[0] !== undefined) {
    tellFailure(...failed.map(({ reason }) => reason as unknown));
    throw failed[0].reason;
  }
  return stop.code();
}

async function runOne(
  plan: BuiltPlan,
  settings: Settings,
  {
    stop,
    view,
    from,
    elsewhere,
  }: {
    readonly stop: ReturnType<typeof stopSignals>;
    readonly view: Progress;
    readonly from: string | undefined;
    readonly elsewhere: PlanElsewhere;
  },
): Promise<RunReport> {
  let shown: ReturnType<Progress["start"]> | undefined;
  try {
    const run = await start(plan, {
      stateDirectory: join(resolve(settings.stateDir), plan.name),
      from,
      parallelism: settings.parallelism,
      planElsewhere: elsewhere,
      decodeThreads: settings.decodeThreads,
      stateBudget: settings.stateBudget,
      drain: settings.drain,
      follow: settings.follow,
      unsafeStateFs: settings.unsafeStateFs,
      signal: stop.signal,
      onStep: atSteps(),
      onNotice: (notice) => process.stderr.write(`${notice}\n`),
      onShown: (delivery) => {
        shown?.shown(delivery.sink);
        log.info({ pipeline: plan.name, ...delivery }, "delivered");
      },
    });
    shown = view.start(() => run.status());
    // A process that is killed would leave nothing of what it has compiled to the next one.
    flushCompileCache();
    return await run.done;
  } catch (thrown) {
    stop.abort();
    throw thrown;
  } finally {
    shown?.stop();
  }
}

/** The budget is one for the process: pipelines that run beside each other have equal parts of it. */
function budgetOfEach({ stateBudget }: Settings, pipelines: number): number {
  return Math.max(BUDGET_BYTES_MIN, checkedBudget(stateBudget, memoryLimit()) / pipelines);
}

/** A savepoint is of one pipeline. */
function refuseSeveral(plans: readonly BuiltPlan[], file: string): void {
  if (plans.length === 1) return;
  const names = plans.map(({ name }) => `"${name}"`).join(", ");
  throw new DataflowError(
    "DF_USAGE",
    `--from is the savepoint of one pipeline, and ${file} has ${plans.length}: ${names}. Give a file that exports the one that is meant.`,
  );
}

function print(report: RunReport, { json }: Settings): void {
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : renderReport(report));
}

/**
 * Tells whoever started the run that it gets on. With `DATAFLOW_PAUSE_MS` a run also says each step of its protocol and
 * waits there: our crash tests kill it at one.
 */
function atSteps(): OnStep {
  const pauseMs = Number(process.env["DATAFLOW_PAUSE_MS"] ?? 0);
  return async (step, node) => {
    if (step === "checkpoint stored" || step === "delivery recorded") tellGotOn();
    if (!(pauseMs > 0)) return;
    process.stderr.write(`step: ${step} (${node})\n`);
    await setTimeout(pauseMs);
  };
}
