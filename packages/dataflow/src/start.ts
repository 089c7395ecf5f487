import { join, resolve } from "node:path";
import { checkOptions, DataflowError, reasonOf } from "@df/core";
import { checkNode } from "@df/core/checkpoint/node-api";
import { fingerprint, lambdaHashes } from "@df/core/plan/fingerprint";
import { prune } from "@df/core/plan/prune";
import { askStatus, type RunFacts, type Served, serveControl } from "@df/core/runtime/control-socket";
import { Readers } from "@df/core/runtime/readers";
import type { RunReport, Status } from "@df/core/runtime/report";
import { run, type RunHandle, type RunOptions } from "@df/core/runtime/run";
import { CONNECTORS } from "./connectors.ts";
import type { ParamValues } from "./params.ts";
import type { BuiltPlan, PipelineDefinition } from "./pipeline-types.ts";
import { type Run, runOf } from "./run.ts";

/** Options of a run that a program gives as they are. */
type Given =
  | "parallelism"
  | "planElsewhere"
  | "decodeThreads"
  | "stateBudget"
  | "drain"
  | "follow"
  | "unsafeStateFs"
  | "signal"
  | "from"
  | "onShown"
  | "onNotice"
  | "onStep";

/** How a pipeline is run from code. */
export interface StartOptions extends Pick<RunOptions, Given> {
  /** Where its state lies: a directory of its own. Default `.dataflow/<name of the pipeline>` below `directory`. */
  readonly stateDirectory?: string | undefined;
  /** What relative paths start from, those of sources and sinks too. Default: the working directory. */
  readonly directory?: string | undefined;
  /** The parameters that the pipeline declares: values, or their text; of secrets `secret("env:NAME")`. */
  readonly params?: ParamValues | undefined;
}

const OPTIONS: readonly (keyof StartOptions)[] = [
  "stateDirectory",
  "directory",
  "params",
  "parallelism",
  "planElsewhere",
  "decodeThreads",
  "stateBudget",
  "drain",
  "follow",
  "unsafeStateFs",
  "signal",
  "from",
  "onShown",
  "onNotice",
  "onStep",
];

/**
 * Starts a pipeline in this process, from its last checkpoint on. Resolves when it has recovered and runs.
 * @throws DataflowError for every refusal: of the pipeline, its parameters, its state or its targets
 */
export async function start(
  pipeline: PipelineDefinition | BuiltPlan,
  options: StartOptions = {},
): Promise<Run> {
  checkNode(process.versions);
  checkOptions(options, OPTIONS, "start()");
  checkTypes(options);
  const plan = planOf(pipeline, options.params);
  const directory = resolve(options.directory ?? ".");
  const stateDirectory = resolve(directory, options.stateDirectory ?? join(".dataflow", plan.name));
  const readers = new Readers();
  const stop = new AbortController();
  const { params: _, signal, from, ...given } = options;
  const started = Promise.withResolvers<RunHandle>();
  const report = run(plan, {
    ...given,
    directory,
    stateDirectory,
    from: from === undefined ? undefined : resolve(directory, from),
    connectors: CONNECTORS,
    time: Date.now,
    readers,
    signal: signal === undefined ? stop.signal : AbortSignal.any([signal, stop.signal]),
    onStart: started.resolve,
  });
  report.catch(started.reject);
  try {
    const handle = await started.promise;
    const status = (): Status => handle.status();
    const savepoint: RunHandle["savepoint"] = (request) => handle.savepoint(request);
    const answers = { status, facts: factsOf(plan, handle), savepoint };
    const served = serving(stateDirectory, answers, { report, onNotice: options.onNotice });
    return runOf({ plan, readers, status, stop: () => stop.abort(), report: served });
  } catch (thrown) {
    throw await namingProcess(thrown, stateDirectory);
  }
}

/** What a program without types may give: a URL for a directory, "false" for false. */
function checkTypes(options: StartOptions): void {
  const check = (name: keyof StartOptions, type: "string" | "boolean" | "function"): void => {
    const given: unknown = options[name];
    if (given === undefined || typeof given === type) return;
    throw new DataflowError("DF_OPTION", `${name} of start() is a ${type}, not ${typeof given}.`);
  };
  for (const name of ["stateDirectory", "directory", "from"] as const) check(name, "string");
  for (const name of ["drain", "follow", "unsafeStateFs"] as const) check(name, "boolean");
  for (const name of ["onShown", "onNotice", "onStep"] as const) check(name, "function");
}

function planOf(pipeline: PipelineDefinition | BuiltPlan, params: StartOptions["params"]): BuiltPlan {
  const given: unknown = pipeline;
  if (typeof given !== "object" || given === null || !("kind" in given || "nodes" in given)) {
    throw new DataflowError(
      "DF_NO_PIPELINE",
      'start() needs a pipeline: await start(pipeline("name", (p) => { … })). For several call it for each.',
    );
  }
  if ("kind" in pipeline) return pipeline.build(params);
  if (params === undefined) return pipeline;
  throw new DataflowError("DF_PARAM", "This pipeline is built already: give its parameters to build().");
}

/** What a restart would compare with the plan that it is given. */
function factsOf(plan: BuiltPlan, { migrated }: RunHandle): RunFacts {
  return { fingerprint: fingerprint(prune(plan)), lambdas: lambdaHashes(plan.lambdas), migrated };
}

/** Answers the other commands until the run has ended. Where that cannot be, the run goes on all the same. */
async function serving(
  stateDirectory: string,
  answers: Served,
  run: { readonly report: Promise<RunReport>; readonly onNotice: StartOptions["onNotice"] },
): Promise<RunReport> {
  const serving = serveControl(stateDirectory, answers).catch((error: unknown) => {
    run.onNotice?.(`"dataflow status" and "dataflow savepoint" cannot ask this run: ${reasonOf(error)}.`);
  });
  try {
    return await run.report;
  } finally {
    const close = await serving;
    await close?.();
  }
}

/** Says which process has the state, or that it does not answer. */
async function namingProcess(thrown: unknown, stateDirectory: string): Promise<unknown> {
  if (!(thrown instanceof DataflowError) || thrown.code !== "DF_ALREADY_RUNNING") return thrown;
  const running = await askStatus(stateDirectory);
  if (running === undefined) {
    return new DataflowError(
      "DF_ALREADY_RUNNING",
      `${thrown.words} It does not answer: it has just started, is busy, or is stopped (SIGSTOP, a debugger).`,
      { cause: thrown },
    );
  }
  return new DataflowError(
    "DF_ALREADY_RUNNING",
    `The pipeline "${running.status.pipeline}" is running already, as process ${running.pid}, on the state ${stateDirectory}. Stop that process, or give this one a --state-dir and targets of its own.`,
    { cause: thrown },
  );
}
