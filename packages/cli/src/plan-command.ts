import { existsSync } from "node:fs";
import { join, resolve } from "node:path";
import { readStoredState } from "@df/core/checkpoint/stored-state";
import { fingerprint } from "@df/core/plan/fingerprint";
import { prune } from "@df/core/plan/prune";
import { changedLambdas, type NodeRestart, restartOf, wayOn } from "@df/core/plan/restart";
import { checkCopy, readSavepoint, stateOfSavepoint } from "@df/core/checkpoint/savepoint";
import { restartFromSavepoint } from "@df/core/runtime/child-sinks";
import { askStatus, type RunFacts } from "@df/core/runtime/control-socket";
import type { BuiltPlan } from "dataflow";
import { aligned } from "./aligned.ts";
import { plansOf } from "./build.ts";
import { type Flags, resolveHere } from "./config/resolve-settings.ts";
import { EXIT } from "./exit.ts";
import { here } from "./here.ts";

/** What a restart would make of a pipeline's state. */
interface Restart {
  readonly pipeline: string;
  readonly state: string;
  /** Undefined where there is no checkpoint to go on from. */
  readonly epoch: number | undefined;
  readonly outcome: "begins" | "goes on" | "refused";
  readonly nodes: readonly NodeRestart[];
  /** Ids of nodes whose lambdas have another text. */
  readonly lambdas: readonly string[];
}

/** What a plan is compared with. */
type Facts = RunFacts & { readonly epoch: number };

const OUTCOMES: Readonly<Record<Restart["outcome"], string>> = {
  begins: "begins, for there is no checkpoint",
  "goes on": "goes on",
  refused: "does not start",
};
const WORDS: Readonly<Record<NodeRestart["verdict"], string>> = {
  keep: "",
  migrate: "its rows are written anew at the first checkpoint",
  new: "begins empty, with rows from now on",
  drop: "shows what it still holds, then it is forgotten; its target stays",
  refuse: "",
};

const BROUGHT = "its rows are what the function makes of them, from the first checkpoint on";

/** Options of the command. */
export interface PlanFlags extends Flags {
  /** The folder of a savepoint. */
  readonly from?: string;
}

/** `dataflow plan FILE`: what a restart would make of the state, node by node. Resolves to the exit code. */
export async function planCommand(file: string, flags: PlanFlags): Promise<number> {
  const resolved = await resolveHere(flags);
  const { settings } = resolved;
  const plans = await plansOf(file, resolved);
  const restarts: Restart[] = [];
  for (const plan of plans) {
    const state = join(resolve(settings.stateDir), plan.name);
    restarts.push(
      flags.from === undefined
        ? restart(plan, state, await factsIn(state))
        : restart(plan, flags.from, factsOf(flags.from, plan), restartFromSavepoint),
    );
  }
  for (const one of restarts) {
    process.stdout.write(settings.json ? `${JSON.stringify(one)}\n` : render(one));
  }
  return restarts.some(({ outcome }) => outcome === "refused") ? EXIT.incompatible : EXIT.ok;
}

function restart(plan: BuiltPlan, state: string, found: Facts | undefined, compare = restartOf): Restart {
  if (found === undefined) {
    return { pipeline: plan.name, state, epoch: undefined, outcome: "begins", nodes: [], lambdas: [] };
  }
  const { migrated } = found;
  const nodes = compare(found.fingerprint, fingerprint(prune(plan)), { ...plan, migrated });
  return {
    pipeline: plan.name,
    state,
    epoch: found.epoch,
    outcome: nodes.some(({ verdict }) => verdict === "refuse") ? "refused" : "goes on",
    nodes,
    lambdas: changedLambdas(found.lambdas, plan),
  };
}

/** From the process that runs there, else from its state; undefined before the first checkpoint. */
async function factsIn(state: string): Promise<Facts | undefined> {
  const running = await askStatus(state);
  if (running !== undefined) return { ...running.facts, epoch: running.status.epoch };
  const file = join(state, "state.sqlite");
  return existsSync(file) ? storedFacts(file) : undefined;
}

/** From a savepoint. */
function factsOf(from: string, { name }: BuiltPlan): Facts | undefined {
  const savepoint = readSavepoint(from, name);
  checkCopy(stateOfSavepoint(from), from, savepoint);
  return storedFacts(stateOfSavepoint(from));
}

function storedFacts(file: string): Facts | undefined {
  const { record, fingerprint: stored } = readStoredState(file);
  if (record === undefined || stored === undefined) return undefined;
  return { fingerprint: stored, lambdas: record.lambdas, migrated: record.migrated, epoch: record.epoch };
}

function render({ pipeline, state, epoch, outcome, nodes, lambdas }: Restart): string {
  const from = epoch === undefined ? "" : `, the checkpoint of epoch ${epoch}`;
  const rows = nodes.flatMap((restarted) => {
    const { kind, node, verdict, by, renamedFrom, reasons, changes = [], note } = restarted;
    const said = by === undefined ? verdict : `${verdict} (by function ${by})`;
    const renamed = renamedFrom === undefined ? [] : [`renamed from "${renamedFrom}"`];
    const becomes = by === undefined ? WORDS[verdict] : BROUGHT;
    const words = [...renamed, becomes, note ?? ""].filter((part) => part !== "").join("; ");
    const sentences = [...reasons, ...changes];
    const [first = "", ...more] = words === "" || reasons.length > 0 ? sentences : [words, ...sentences];
    return [[`  ${kind}`, node, said, first], ...more.map((reason) => ["", "", "", reason])];
  });
  const changed = lambdas.map((node) => `"${node}"`).join(", ");
  const lines = [
    `${pipeline}: ${OUTCOMES[outcome]} (${here(state)}${from})`,
    ...aligned(rows),
    ...(changed === "" ? [] : [`  lambdas that have changed: ${changed}; rows from now on see the new ones`]),
    ...(outcome === "refused" ? [`  ${wayOn(nodes)}`] : []),
  ];
  return `${lines.join("\n")}\n`;
}
