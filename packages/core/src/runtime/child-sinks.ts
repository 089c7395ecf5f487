/** The sinks of a state that has just been begun from a savepoint: which targets go on, and which begin empty. */
import type { Ancestor } from "../checkpoint/ancestors.ts";
import type { Identity, SinkRecord } from "../checkpoint/records.ts";
import type { Delivered } from "../connector.ts";
import { DataflowError } from "../error.ts";
import { type NodeRestart, restartOf } from "../plan/restart.ts";
import { environmentOf, openDelivery, type SinkHost } from "./decided.ts";
import { SinkDelivery } from "./delivery.ts";
import { NO_CONTENT } from "./foreign.ts";

/** The savepoint that a state is still at: it has no checkpoint of its own. */
export function bornFrom({ ancestors, epoch }: Identity): Ancestor | undefined {
  const parent = ancestors.at(-1);
  return parent?.savepoint !== undefined && parent.epoch === epoch ? parent : undefined;
}

/**
 * What becomes of each node at the start from a savepoint, as `restartOf` says it. A sink that has changed is no
 * reason to refuse, as in a restart: it is a new one, and needs a new target.
 */
export function restartFromSavepoint(...compared: Parameters<typeof restartOf>): NodeRestart[] {
  return restartOf(...compared).map((restart) =>
    restart.kind === "sink" && restart.verdict === "refuse"
      ? { ...restart, verdict: "new", reasons: [...restart.reasons, "It begins empty, on a new target."] }
      : restart,
  );
}

/** A sink of the plan, and why it is another one than in the savepoint; no reasons where it is the same. */
interface ChildSink {
  readonly record: SinkRecord;
  readonly reasons: readonly string[];
}

/**
 * Finds the sinks that do not go on in the target of the parent, which shows what the savepoint has, but in a new one.
 * What is known of the parent's is forgotten; the rest of the state has no part in it. Returns what to tell of them.
 * @throws DF_SINK_OTHER_LINEAGE, DF_SINK_AHEAD, DF_SINK_BEHIND, and what keeps a target from being used
 */
export async function forgetNewTargets(sinks: readonly ChildSink[], host: SinkHost): Promise<string[]> {
  const found: { readonly id: string; readonly last: Delivered }[] = [];
  for (const sink of sinks) {
    const { id } = sink.record;
    const [last] = await host.state.deliveries(id, 1);
    if (last !== undefined && (await beginsAnew(sink, host))) found.push({ id, last });
  }
  // Only when none of them is refused: then the state is as it was.
  for (const { id } of found) await host.state.forgetSink(id);
  return found.flatMap(({ id, last }) =>
    last.contentHash === NO_CONTENT
      ? []
      : [
          `The target of sink "${id}" is new: it will show what changes after epoch ${last.epoch}, and nothing of what the target of the savepoint shows.`,
        ],
  );
}

async function beginsAnew({ record, reasons }: ChildSink, host: SinkHost): Promise<boolean> {
  if (reasons.length > 0) {
    if (await isNew(record, host)) return true;
    throw new DataflowError(
      "DF_SINK_OTHER_LINEAGE",
      `Sink "${record.id}" is another one than in the savepoint, so it needs a new target, and this one has been written to by pipeline "${host.identity.pipeline}": ${reasons.join(" ")} Undo the change, or give the sink a new target.`,
    );
  }
  try {
    const delivery = await openDelivery(record, host);
    await delivery.close();
    return false;
  } catch (thrown) {
    const isElsewhere = thrown instanceof DataflowError && NOT_THERE.has(thrown.code);
    if (!isElsewhere || !(await isNew(record, host))) throw thrown;
    return true;
  }
}

/** Codes that say that what was delivered to is not there. */
const NOT_THERE: ReadonlySet<string> = new Set(["DF_SINK_BEHIND", "DF_SINK_REPLACED"]);

/** Whether a target, made if it is absent, shows nothing of the sink. @throws what keeps it from being used */
async function isNew(record: SinkRecord, host: SinkHost): Promise<boolean> {
  const state = { ...host.state, deliveries: () => Promise.resolve([]) };
  const delivery = await SinkDelivery.open(record, environmentOf(record, { ...host, state }));
  try {
    await delivery.prepare();
    return !(await delivery.isMarked());
  } finally {
    await delivery.close();
  }
}
