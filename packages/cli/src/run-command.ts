import { join, resolve } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { OnStep } from "@df/core/runtime/delivery";
import type { RunReport, Status } from "@df/core/runtime/report";
import { run } from "@df/core/runtime/run";
import type { PipelineDefinition } from "dataflow";
import { CONNECTORS } from "./connectors.ts";
import { serveStatus } from "./control-socket.ts";
import { loadPipelines } from "./load.ts";
import { log } from "./log.ts";
import { Progress } from "./progress.ts";
import { renderReport } from "./render.ts";
import { stopSignals } from "./signals.ts";

export interface RunFlags {
  readonly stateDir: string;
  readonly parallelism: number;
  readonly drain?: boolean;
  readonly follow?: boolean;
  readonly json?: boolean;
  readonly param: Readonly<Record<string, string>>;
}

/** `dataflow run FILE`: runs all pipelines of a file beside each other. Resolves to the exit code. */
export async function runCommand(file: string, flags: RunFlags): Promise<number> {
  const pipelines = await loadPipelines(file);
  const stop = stopSignals();
  const reports = await Promise.allSettled(pipelines.map((pipeline) => runOne(pipeline, flags, stop)));
  for (const report of reports) if (report.status === "fulfilled") print(report.value, flags);
  const failed = reports.find((report) => report.status === "rejected");
  if (failed !== undefined) throw failed.reason;
  return stop.code();
}

async function runOne(
  definition: PipelineDefinition,
  flags: RunFlags,
  stop: ReturnType<typeof stopSignals>,
): Promise<RunReport> {
  const plan = definition.build(flags.param);
  const stateDirectory = join(resolve(flags.stateDir), plan.name);
  const progress = new Progress();
  let stopServing: (() => Promise<void>) | undefined;
  try {
    return await run(plan, {
      stateDirectory,
      directory: process.cwd(),
      connectors: CONNECTORS,
      parallelism: flags.parallelism,
      drain: flags.drain,
      follow: flags.follow,
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
      onShown: (shown) => {
        progress.shown();
        log.info({ pipeline: plan.name, ...shown }, "delivered");
      },
    });
  } catch (thrown) {
    stop.abort();
    throw thrown;
  } finally {
    progress.stop();
    await stopServing?.();
  }
}

function print(report: RunReport, flags: RunFlags): void {
  process.stdout.write(flags.json === true ? `${JSON.stringify(report)}\n` : renderReport(report));
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
