/** The sinks of a state that has just been begun from a savepoint: which targets go on, and which begin empty. */
import type { Ancestor } from "../checkpoint/ancestors.ts";
import type { Identity, SinkRecord } from "../checkpoint/records.ts";
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

/**
 * Opens a sink on the target of the parent, which shows what the savepoint has, or on a new one, which is told with
 * `notice`. `reasons` say why it is another sink than in the savepoint; none where it is the same.
 * @throws DF_SINK_OTHER_LINEAGE, DF_SINK_AHEAD, DF_SINK_BEHIND, and what keeps the target from being used
 */
export async function openChildSink(
  record: SinkRecord,
  host: SinkHost,
  { reasons, notice }: { readonly reasons: readonly string[]; readonly notice: (text: string) => void },
): Promise<SinkDelivery> {
  const [last] = await host.state.deliveries(record.id);
  if (last === undefined) return openDelivery(record, host);
  if (reasons.length === 0) {
    try {
      return await openDelivery(record, host);
    } catch (thrown) {
      const isElsewhere = thrown instanceof DataflowError && NOT_THERE.has(thrown.code);
      if (!isElsewhere || !(await isNew(record, host))) throw thrown;
    }
  } else if (!(await isNew(record, host))) {
    throw new DataflowError(
      "DF_SINK_OTHER_LINEAGE",
      `Sink "${record.id}" is another one than in the savepoint, so it needs a new target, and this one has been written to by pipeline "${host.identity.pipeline}": ${reasons.join(" ")} Undo the change, or give the sink a new target.`,
    );
  }
  // Only now: a start that is refused leaves everything as it was.
  await host.state.forgetSink(record.id);
  if (last.contentHash !== NO_CONTENT)
    notice(
      `The target of sink "${record.id}" is new: it will show what changes after epoch ${last.epoch}, and nothing of what the target of the savepoint shows.`,
    );
  return openDelivery(record, host);
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
