import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import { DataflowError } from "@df/core";
import type { OnStep } from "@df/core/runtime/delivery";
import type { RunReport, Status } from "@df/core/runtime/report";
import { run } from "@df/core/runtime/run";
import type { BuiltPlan, PipelineDefinition } from "dataflow";
import { resolveParams, withWayOn } from "./config/resolve-params.ts";
import { type Flags, resolveHere, type Resolved } from "./config/resolve-settings.ts";
import type { Settings } from "./config/settings.ts";
import { CONNECTORS } from "./connectors.ts";
import { askStatus, serveStatus } from "./control-socket.ts";
import { explain } from "./exit.ts";
import { loadPipelines } from "./load.ts";
import { log } from "./log.ts";
import { Progress } from "./progress.ts";
import { renderReport } from "./render.ts";
import { stopSignals } from "./signals.ts";

/** `dataflow run FILE`: runs all pipelines of a file beside each other. Resolves to the exit code. */
export async function runCommand(file: string, flags: Flags): Promise<number> {
  const resolved = await resolveHere(flags);
  const { settings } = resolved;
  const plans = buildAll(await loadPipelines(file), resolved);
  const stop = stopSignals();
  const reports = await Promise.allSettled(plans.map((plan) => runOne(plan, settings, stop)));
  for (const report of reports) if (report.status === "fulfilled") print(report.value, settings);
  const failed = reports.filter((report) => report.status === "rejected");
  for (const { reason } of failed.slice(1)) process.stderr.write(`${explain(reason)}\n`);
  if (failed[0] !== undefined) throw failed[0].reason;
  return stop.code();
}

/** The plans of all pipelines, before any of them runs. Each is given the parameters it declares. */
function buildAll(pipelines: readonly PipelineDefinition[], resolved: Resolved): readonly BuiltPlan[] {
  const given = resolveParams(pipelines, resolved);
  return pipelines.map((pipeline, index) =>
    withWayOn(() => pipeline.build(given[index]?.values, given[index]?.origins)),
  );
}

async function runOne(
  plan: BuiltPlan,
  settings: Settings,
  stop: ReturnType<typeof stopSignals>,
): Promise<RunReport> {
  const stateDirectory = join(resolve(settings.stateDir), plan.name);
  const progress = new Progress();
  let stopServing: (() => Promise<void>) | undefined;
  try {
    return await run(plan, {
      stateDirectory,
      directory: process.cwd(),
      connectors: CONNECTORS,
      parallelism: settings.parallelism,
      drain: settings.drain,
      follow: settings.follow,
      signal: stop.signal,
      onStep: pauseAtSteps(),
      onStart: (handle: { status(): Status }) => {
        progress.start(() => handle.status());
        serveStatus(stateDirectory, () => handle.status()).then(
          (close) => {
            stopServing = close;
          },
          (error: unknown) => log.warn({ pipeline: plan.name, error }, "no control socket"),
        );
      },
      onNotice: (notice) => process.stderr.write(`${notice}\n`),
      onShown: (shown) => {
        progress.shown();
        log.info({ pipeline: plan.name, ...shown }, "delivered");
      },
    });
  } catch (thrown) {
    stop.abort();
    throw await namingProcess(thrown, stateDirectory);
  } finally {
    progress.stop();
    await stopServing?.();
  }
}

/** Says which process has the state, if it answers. */
async function namingProcess(thrown: unknown, stateDirectory: string): Promise<unknown> {
  if (!(thrown instanceof DataflowError) || thrown.code !== "DF_ALREADY_RUNNING") return thrown;
  const running = await askStatus(stateDirectory);
  if (running === undefined) return thrown;
  return new DataflowError(
    "DF_ALREADY_RUNNING",
    `The pipeline "${running.status.pipeline}" is running already, as process ${running.pid}, on the state ${stateDirectory}. Stop that process, or give this one a --state-dir and targets of its own.`,
    { cause: thrown },
  );
}

function print(report: RunReport, { json }: Settings): void {
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : renderReport(report));
}

/** With `DATAFLOW_PAUSE_MS` a run says each step of its protocol and waits there: our crash tests kill it at one. */
function pauseAtSteps(): OnStep | undefined {
  const pauseMs = Number(process.env["DATAFLOW_PAUSE_MS"] ?? 0);
  if (!(pauseMs > 0)) return undefined;
  return async (step, node) => {
    process.stderr.write(`step: ${step} (${node})\n`);
    await setTimeout(pauseMs);
  };
}
