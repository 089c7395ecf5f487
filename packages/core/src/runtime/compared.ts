import type { Adopted, Taken } from "../checkpoint/adoption.ts";
import type { SinkRecord } from "../checkpoint/records.ts";
import type { Intent } from "../connector.ts";
import { DataflowError } from "../error.ts";
import type { Epoch } from "../stream.ts";
import { heldBatches, openCommitter, type SinkEnvironment } from "./delivery.ts";

/**
 * Compares what a target should show, by the rows that the state holds for it up to an epoch, with what it shows.
 * Writes nothing. Returns the delivery as the target has it.
 * @throws DF_ADOPT_DIFFERS, DF_ADOPT_MOVED
 */
export async function compared(
  { sink, marker, through }: Adopted & { readonly through: Epoch },
  record: SinkRecord,
  environment: SinkEnvironment,
): Promise<Taken> {
  const { state } = environment;
  const [last] = await state.deliveries(sink, 1);
  const committer = await openCommitter(record, environment, last, true);
  try {
    await committer.prepare();
    const shown = await committer.marker();
    if (shown?.hash !== marker.hash) {
      throw new DataflowError(
        "DF_ADOPT_MOVED",
        `The target of sink "${sink}" has changed since its adoption was begun: it was at epoch ${marker.epoch} of lineage ${marker.lineage} and is at ${shown === undefined ? "nothing" : `epoch ${shown.epoch} of ${shown.lineage}`}. Stop who writes to it, and begin again with the state as it was before.`,
      );
    }
    const staged = await committer.stage({
      batches: heldBatches(state, sink, through, { inPassing: committer.readsInPassing }),
      through,
      positions: marker.positions,
      clock: marker.clock ?? Number.NEGATIVE_INFINITY,
    });
    if (staged.contentHash !== marker.contentHash) {
      throw new DataflowError(
        "DF_ADOPT_DIFFERS",
        `The target of sink "${sink}" is not what its sources make of it: reading them again up to epoch ${marker.epoch} gives the content hash ${staged.contentHash}, and the target has ${marker.contentHash}. The input, the pipeline or the table was changed since, or what was decided hung on more than the input (a source with idleTimeout, files that grew between runs, lambdas that use the clock or chance). Nothing was written. Use the state that wrote the target, or a new target.`,
      );
    }
    // The target shows it: the committer only says how it knows it again.
    const intent: Intent = { marker, follows: marker.hash, manifest: staged.manifest };
    const { version, state: own } = await committer.commit(intent);
    const { epoch, hash, contentHash } = marker;
    return { sink, through, delivered: { epoch, hash, contentHash, version, state: own } };
  } finally {
    await committer.close();
  }
}
