import { join, resolve } from "node:path";
import { DataflowError } from "@df/core";
import type { AdoptReport } from "@df/core/runtime/adopt";
import { adopt, type BuiltPlan } from "dataflow";
import { plansOf } from "./build.ts";
import { type Flags, resolveHere } from "./config/resolve-settings.ts";
import { EXIT } from "./exit.ts";
import { count } from "./counted.ts";
import { table } from "./render.ts";

/** Options of the command. */
export interface AdoptFlags extends Flags {
  /** The folder of a savepoint. */
  readonly from?: string;
  readonly pipeline?: string;
}

/** `dataflow adopt FILE`: brings an older state, or none, to where its targets are. Resolves to the exit code. */
export async function adoptCommand(file: string, flags: AdoptFlags): Promise<number> {
  const resolved = await resolveHere(flags);
  const { stateDir, parallelism, stateBudget, unsafeStateFs, json } = resolved.settings;
  const plan = theOne(await plansOf(file, resolved), file, flags.pipeline);
  const stateDirectory = join(resolve(stateDir), plan.name);
  const report = await adopt(plan, {
    stateDirectory,
    parallelism,
    stateBudget,
    unsafeStateFs,
    from: flags.from,
  });
  process.stdout.write(json ? `${JSON.stringify(report)}\n` : render(report));
  return EXIT.ok;
}

function theOne(plans: readonly BuiltPlan[], file: string, named: string | undefined): BuiltPlan {
  const [first, second] = named === undefined ? plans : plans.filter(({ name }) => name === named);
  if (first !== undefined && second === undefined) return first;
  const names = plans.map(({ name }) => `"${name}"`).join(", ");
  throw new DataflowError(
    "DF_USAGE",
    `${file} has the pipelines ${names}. Say which is meant: --pipeline ${plans[0]?.name ?? ""}`,
  );
}

function render({ pipeline, lineage, epoch, rowsRead, sinks }: AdoptReport): string {
  const rows = count(rowsRead);
  const lines = [
    `${pipeline}: lineage ${lineage} goes on from epoch ${epoch}. ${rows} rows were read again, and make what the targets show.`,
    ...table(
      ["sink", "epoch", "version", "content hash", "written by"],
      sinks.map((sink) => [sink.sink, String(sink.epoch), sink.version, sink.contentHash, sink.lineage]),
    ),
  ];
  return `${lines.join("\n")}\n`;
}
