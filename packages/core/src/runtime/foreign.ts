/** Whether a target continues a state, by the marker that the target shows. */
import type { Identity, StoredIntent } from "../checkpoint/records.ts";
import { ContentHash } from "../batch/content-hash.ts";
import type { Delivered, Marker } from "../connector.ts";
import { DataflowError } from "../error.ts";
import type { Epoch } from "../stream.ts";

/** Content hash of a target without rows. */
export const NO_CONTENT: string = new ContentHash().toString();

const WAY_ON = "Start with a new state directory (--state-dir) and a new target for the sink.";

/** What a state knows of a sink. */
export interface Known {
  readonly sink: string;
  /** `epoch`: of its last checkpoint. */
  readonly identity: Identity;
  /** The newest first. */
  readonly deliveries: readonly Delivered[];
  readonly intent: StoredIntent | undefined;
}

/**
 * Refuses a target that does not continue a state.
 * @throws DF_SINK_OTHER_LINEAGE, DF_SINK_AHEAD, DF_SINK_BEHIND
 */
export function refuseForeign(marker: Marker | undefined, known: Known): void {
  const { sink, identity, deliveries, intent } = known;
  const [last] = deliveries;
  if (marker === undefined) {
    // Nothing was shown, or nothing that is still there: a console, or rows that cancelled out before their delivery.
    if (last === undefined || last.contentHash === NO_CONTENT) return;
    throw new DataflowError(
      "DF_SINK_BEHIND",
      `Sink "${sink}" was shown epoch ${last.epoch}, but its target no longer knows of it. ${WAY_ON}`,
    );
  }
  refuseOtherLineage(marker, known);
  const pending = intent?.intent.marker;
  const newest = Math.max(last?.epoch ?? 0, pending?.epoch ?? 0);
  if (newest === 0 && marker.epoch <= identity.epoch) {
    throw new DataflowError(
      "DF_SINK_AHEAD",
      `The target of sink "${sink}" shows epoch ${marker.epoch}, but this state knows of no delivery to it: the sink was taken out of the pipeline and put back, so its target lacks what came between, or the state was restored from an older backup. Give the sink a new id and a new target, or use the newest state directory.`,
    );
  }
  if (marker.epoch > identity.epoch || marker.epoch > newest) {
    throw new DataflowError(
      "DF_SINK_AHEAD",
      `The target of sink "${sink}" shows epoch ${marker.epoch}, but this state knows only of ${newest} (its last checkpoint is ${identity.epoch}): the state was lost, copied or restored from an older backup. Use the newest state directory; where it is lost, "dataflow adopt" brings this one to its targets. ${WAY_ON}`,
    );
  }
  // Deliveries in which all rows cancelled out leave the target, and its marker, as they were.
  if (last !== undefined && marker.epoch < last.epoch && marker.contentHash !== last.contentHash) {
    throw new DataflowError(
      "DF_SINK_BEHIND",
      `Sink "${sink}" was shown epoch ${last.epoch}, but its target is at epoch ${marker.epoch}: it was restored to an older version. Begin from a savepoint of then (run --from), or restore the newer version. ${WAY_ON}`,
    );
  }
  const hash = deliveries.find(({ epoch }) => epoch === marker.epoch)?.hash ?? hashAt(pending, marker.epoch);
  if (hash !== undefined && hash !== marker.hash) {
    throw new DataflowError(
      "DF_SINK_OTHER_LINEAGE",
      `The target of sink "${sink}" shows another epoch ${marker.epoch} than this state delivered: the state was copied and both copies have run. ${WAY_ON}`,
    );
  }
}

/** A lineage that a state was begun from has written what the state has, up to the epoch that both share. */
function refuseOtherLineage(marker: Marker, { sink, identity, deliveries }: Known): void {
  const { lineage, ancestors } = identity;
  if (marker.lineage === lineage) return;
  if (marker.parent?.lineage === lineage) {
    throw new DataflowError(
      "DF_SINK_OTHER_LINEAGE",
      `The target of sink "${sink}" was taken over: lineage ${marker.lineage}, which goes on from epoch ${marker.parent.epoch} of this one, has delivered epoch ${marker.epoch} to it. Go on with the state directory of that one, or with a new target and a savepoint of this one (run --from).`,
    );
  }
  // One that was adopted later comes behind what it was begun from.
  const ancestor = ancestors.findLast((one) => one.lineage === marker.lineage);
  if (ancestor === undefined) {
    throw new DataflowError(
      "DF_SINK_OTHER_LINEAGE",
      `The target of sink "${sink}" was written by another state of pipeline "${marker.pipeline}" (lineage ${marker.lineage}, epoch ${marker.epoch}); this state is lineage ${lineage}. Use the state directory that wrote it; where it is lost, "dataflow adopt" brings this one to its targets. Or give the sink a new target.`,
    );
  }
  if (marker.epoch <= ancestor.epoch) return;
  throw new DataflowError(
    "DF_SINK_AHEAD",
    `The target of sink "${sink}" shows epoch ${marker.epoch} of lineage ${marker.lineage}, from which this state was begun at epoch ${ancestor.epoch}: that pipeline has gone on since its savepoint. Give the sink a new target, begin from a savepoint of epoch ${marker.epoch} or later, bring the state to its targets ("dataflow adopt" with the same --from and a new --state-dir), or have the owner of a Delta table restore version ${deliveries[0]?.version ?? 0}, which shows what the savepoint has.`,
  );
}

function hashAt(marker: Marker | undefined, epoch: Epoch): string | undefined {
  return marker?.epoch === epoch ? marker.hash : undefined;
}
