/**
 * Goes on from a state that is older than its targets, or from none: reads the sources again, up to where the targets
 * show them, shows nothing of it, and compares what each target has with what it should have.
 */
import type { Adopted, Taken } from "../checkpoint/adoption.ts";
import { beginFrom } from "../checkpoint/begin-from.ts";
import { refuseUnsafe } from "../checkpoint/file-system.ts";
import type { Identity } from "../checkpoint/records.ts";
import type { StateFile } from "../checkpoint/state-file.ts";
import { openStateThread } from "../checkpoint/state-thread.ts";
import { DataflowError } from "../error.ts";
import { canonicalJson } from "../json.ts";
import { fingerprint } from "../plan/fingerprint.ts";
import { liveSources } from "../plan/labels.ts";
import type { Plan } from "../plan/plan.ts";
import { prune } from "../plan/prune.ts";
import { restartOf } from "../plan/restart.ts";
import { validate } from "../plan/validate.ts";
import type { Epoch } from "../stream.ts";
import { compared } from "./compared.ts";
import { type SinkEnvironment, openCommitter, SinkDelivery } from "./delivery.ts";
import { refuseForeign } from "./foreign.ts";
import { sinkNodes, sinkRecord } from "./sink-nodes.ts";
import { replay } from "./replay.ts";
import type { RunOptions } from "./run.ts";

/** How a state is brought to where its targets are. */
export type AdoptOptions = Pick<
  RunOptions,
  | "stateDirectory"
  | "unsafeStateFs"
  | "from"
  | "directory"
  | "connectors"
  | "parallelism"
  | "generate"
  | "stateBudget"
  | "openBudget"
  | "clock"
  | "openState"
>;

/** What has become of it. */
export interface AdoptReport {
  readonly pipeline: string;
  readonly lineage: string;
  readonly epoch: Epoch;
  /** Rows of sources that were read again. */
  readonly rowsRead: number;
  /** The targets that go on. */
  readonly sinks: readonly {
    readonly sink: string;
    /** The lineage that wrote it, and what it had come to. */
    readonly lineage: string;
    readonly epoch: Epoch;
    readonly version: string;
    readonly contentHash: string;
  }[];
}

/** An open state and what it is compared with. */
interface Host {
  readonly plan: Plan;
  readonly state: StateFile;
  readonly identity: Identity;
  readonly options: AdoptOptions;
}

/**
 * Brings a state to where its targets are, under a lineage of its own. One that was begun and not ended is taken up.
 * @throws DF_ADOPT_NOTHING, DF_ADOPT_DIFFERS, DF_ADOPT_SOURCE, DF_ADOPT_LIVE, DF_PLAN_CHANGED, and as a run
 */
export async function adopt(plan: Plan, options: AdoptOptions): Promise<AdoptReport> {
  validate(plan);
  refuseLive(plan);
  const { stateDirectory, from, openState = openStateThread } = options;
  // A state that is opened otherwise is no file of ours.
  if (openState === openStateThread && options.unsafeStateFs !== true) refuseUnsafe(stateDirectory);
  if (from !== undefined) beginFrom({ from, stateDirectory, pipeline: plan.name });
  const pruned = prune(plan);
  await withState(pruned, options, begin);
  return withState(pruned, options, catchUp);
}

async function withState<T>(plan: Plan, options: AdoptOptions, work: (host: Host) => Promise<T>): Promise<T> {
  const { openState = openStateThread } = options;
  const state = openState(options.stateDirectory, plan.name);
  try {
    return await work({ plan, state, identity: await state.identity(), options });
  } finally {
    await state.close().catch(() => undefined);
  }
}

/** Finds the targets that are ahead. Until the last step nothing is changed, so that a refusal leaves all as it was. */
async function begin(host: Host): Promise<void> {
  const { plan, state, identity } = host;
  if (identity.adopts.length > 0) return;
  const before = identity.fingerprint;
  const migrated = (await state.lastCheckpoint())?.migrated;
  const restarts = before === undefined ? [] : restartOf(before, fingerprint(plan), { ...plan, migrated });
  // Also those under which a run would go on: results of rows that are read again may be others then.
  const changes = restarts.flatMap(({ node, reasons, renamedFrom, by, changes: some = [] }) => {
    const renamed = renamedFrom === undefined ? [] : [`"${renamedFrom}" is called "${node}" now.`];
    const brought = by === undefined ? [] : [`Its function "${by}" would bring "${node}" over.`];
    return [...reasons, ...some, ...renamed, ...brought];
  });
  if (changes.length > 0) {
    throw new DataflowError(
      "DF_PLAN_CHANGED",
      `The pipeline "${plan.name}" no longer fits its state: ${changes.join(" ")} Adopt with the pipeline as it was; change it when it has gone on.`,
    );
  }
  const intents = await state.intents();
  const ahead: Adopted[] = [];
  for (const node of sinkNodes(plan)) {
    const record = sinkRecord(node);
    const deliveries = await state.deliveries(node.id);
    const environment = environmentOf(host, node.spec.code);
    const committer = await openCommitter(record, environment, deliveries[0], true);
    try {
      await committer.prepare();
      const marker = await committer.marker();
      const intent = intents.find(({ sink }) => sink === node.id);
      if (marker !== undefined && marker.hash === intent?.intent.marker.hash) {
        const delivery = await SinkDelivery.open(record, environment);
        await delivery.finish(intent);
        await delivery.close();
      } else if (
        marker === undefined ||
        marker.hash === deliveries[0]?.hash ||
        isOlder(marker, host, deliveries)
      ) {
        refuseForeign(marker, { sink: node.id, identity, deliveries, intent });
      } else if (marker.pipeline === plan.name) ahead.push({ sink: node.id, marker });
      else refuseForeign(marker, { sink: node.id, identity, deliveries, intent });
    } finally {
      await committer.close();
    }
  }
  if (ahead.length === 0) {
    throw new DataflowError(
      "DF_ADOPT_NOTHING",
      `No target of pipeline "${plan.name}" is ahead of the state: there is nothing to adopt. Run it: dataflow run`,
    );
  }
  await state.beginAdoption(ahead);
}

function isOlder(
  marker: Adopted["marker"],
  { identity }: Host,
  [last]: readonly { readonly epoch: Epoch }[],
): boolean {
  return marker.lineage === identity.lineage && last !== undefined && marker.epoch <= last.epoch;
}

async function catchUp(host: Host): Promise<AdoptReport> {
  const { plan, state, identity, options } = host;
  // In the order in which they were written: what a target shows contains what an older one was made of.
  const adopted = identity.adopts.toSorted((a, b) => a.marker.epoch - b.marker.epoch);
  const reached = new Map<Adopted, Epoch>();
  let rowsRead = 0;
  for (const [at, one] of adopted.entries()) {
    const known = one.through ?? heldThrough(one, identity);
    if (known === undefined) {
      const before = adopted[at - 1];
      const isSame = before !== undefined && placeOf(before) === placeOf(one);
      if (!isSame) rowsRead += await replay(one.marker, { plan, state, identity, options });
    }
    reached.set(one, known ?? (await state.lastCheckpoint())?.epoch ?? 0);
    // A crash while the next ones are caught up with must not forget where this one ends.
    await state.beginAdoption(adopted.map((each) => ({ ...each, through: reached.get(each) })));
  }
  const taken: Taken[] = [];
  for (const one of adopted) {
    const node = sinkNodes(plan).find(({ id }) => id === one.sink);
    if (node === undefined) {
      throw new DataflowError(
        "DF_PLAN_CHANGED",
        `The sink "${one.sink}" is gone. Put it back until its target is adopted.`,
      );
    }
    const environment = environmentOf(host, node.spec.code);
    taken.push(await compared({ ...one, through: reached.get(one) ?? 0 }, sinkRecord(node), environment));
  }
  await state.finishAdoption(taken);
  return {
    pipeline: plan.name,
    lineage: identity.lineage,
    epoch: Math.max(...adopted.map(({ marker }) => marker.epoch), (await state.lastCheckpoint())?.epoch ?? 0),
    rowsRead,
    sinks: adopted.map(({ sink, marker }) => ({
      sink,
      lineage: marker.lineage,
      epoch: marker.epoch,
      contentHash: marker.contentHash,
      version: taken.find((one) => one.sink === sink)?.delivered.version ?? "",
    })),
  };
}

/**
 * The epoch up to which a target shows what the state holds, where it was delivered from epochs that the state has: a
 * copy was taken while they were on their way. Undefined where the target shows more.
 */
function heldThrough({ marker }: Adopted, { ancestors }: Identity): Epoch | undefined {
  // Itself, as it was until it began to adopt.
  const before = ancestors.at(-1);
  const isHeld = before?.lineage === marker.lineage && marker.epoch <= before.epoch;
  return isHeld ? marker.epoch : undefined;
}

function placeOf({ marker: { positions, live = null, sources = null, drained } }: Adopted): string {
  return canonicalJson({ positions, live, sources, drained: drained === true });
}

function environmentOf({ state, identity, options }: Host, code: unknown): SinkEnvironment {
  const { connectors, directory } = options;
  return { state, identity, connectors, directory, code, onStep: () => Promise.resolve() };
}

function refuseLive(plan: Plan): void {
  const live = liveSources(plan);
  if (live.length === 0) return;
  throw new DataflowError(
    "DF_ADOPT_LIVE",
    `The rows of ${live.map((id) => `"${id}"`).join(", ")} come once and cannot be read again, so what the targets show cannot be made again. Go on with the state that wrote them, or with a new state directory and new targets.`,
  );
}
