/** Runs of the pipeline with every step, by the real command. */
import { join } from "node:path";
import type { RunReport } from "@df/core/runtime/report";
import { Started, until } from "../cli/started.ts";
import { dataflow, newFolder, root, startDataflow } from "../command.ts";
import { writePart } from "./every-input.ts";

type Environment = Readonly<Record<string, string>>;

export const everyStep: string = join(root, "test/upgrades/every-step.ts");

/** Runs it to its end; gives the content hash of each sink, under the id that it has without UPGRADE. */
export function contentHashes(
  folder: string,
  pipeline: string = everyStep,
  env: Environment = {},
): Readonly<Record<string, string | undefined>> {
  const { code, stdout, stderr } = dataflow(folder, ["run", pipeline, "--json"], env);
  if (code !== 0) throw new Error(`the run ended with ${code}: ${stderr}`);
  const report = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as RunReport;
  return Object.fromEntries(
    report.sinks.map(({ sink, contentHash }) => [sink.replace("-now", ""), contentHash]),
  );
}

/** Starts a run, and kills it when it has said a step of its protocol, or so many milliseconds after its start. */
export async function kill(
  folder: string,
  moment: string | number,
  pipeline: string = everyStep,
  env: Environment = {},
): Promise<void> {
  const started = new Started(startDataflow(folder, ["run", pipeline], { ...env, DATAFLOW_PAUSE_MS: "50" }));
  const at = performance.now();
  await until(`it is at ${moment}`, () =>
    typeof moment === "number" ? performance.now() - at > moment : started.stderr.includes(`step: ${moment}`),
  );
  await started.stop("SIGKILL");
}

/** A new folder in which the first part was read to its end, or until the run was killed at a step of its protocol. */
export async function begun(pipeline: string = everyStep, killedAt?: string): Promise<string> {
  const folder = newFolder("upgrades");
  writePart(folder, 0);
  if (killedAt === undefined) contentHashes(folder, pipeline);
  else await kill(folder, killedAt, pipeline);
  return folder;
}
