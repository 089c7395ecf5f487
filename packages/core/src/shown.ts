import type { CommitterContext, Intent, Marker } from "./connector.ts";
import { DataflowError } from "./error.ts";

/**
 * Whether a target already shows an intent, by the marker it shows now. Every committer asks this before it writes, and
 * again after each conflict or unknown outcome: then its compare-and-swap covers the marker too, and two copies of one
 * state cannot both add to a target.
 * @throws DF_SINK_OTHER_LINEAGE when it shows neither the intent nor what the intent follows
 */
export function isShown(shown: Marker | undefined, { marker, follows }: Intent, target: string): boolean {
  if (shown?.hash === marker.hash) return true;
  if ((shown?.hash ?? null) === follows) return false;
  const found = shown === undefined ? "nothing of ours" : `epoch ${shown.epoch} of lineage ${shown.lineage}`;
  throw new DataflowError(
    "DF_SINK_OTHER_LINEAGE",
    `${target} shows ${found}, and not what epoch ${marker.epoch} of lineage ${marker.lineage} was to be added to: another run of this pipeline has written to it, or its owner has changed it. Go on with the state directory that wrote it, or with a new state directory and a new target.`,
  );
}

/** The marker of a target that can hold none, such as a console: what was recorded of the last delivery. */
export function recordedMarker({ pipeline, lineage, delivered }: CommitterContext): Marker | undefined {
  if (delivered === undefined) return undefined;
  const { epoch, hash, contentHash } = delivered;
  return { pipeline, lineage, epoch, hash, positions: {}, clock: null, contentHash };
}
