import type { Identity } from "../checkpoint/records.ts";
import type { StateFile } from "../checkpoint/state-file.ts";
import type { Marker, Source } from "../connector.ts";
import { DataflowError } from "../error.ts";
import { fingerprint } from "../plan/fingerprint.ts";
import { labels } from "../plan/labels.ts";
import type { Plan, PlanNode } from "../plan/plan.ts";
import type { AdoptOptions } from "./adopt.ts";
import { SYSTEM_CLOCK, type WallClock } from "./clock-port.ts";
import { closing } from "./closing.ts";
import { Cut } from "./cut.ts";
import { Deliveries } from "./deliveries.ts";
import { Job } from "./job.ts";
import { openBudget } from "./open-budget.ts";
import { openSources } from "./open-sources.ts";
import { Readers } from "./readers.ts";

/** Milliseconds between two looks whether all is read. */
const LOOK_EVERY_MS = 20;

/** What is read again, and what reads it. */
interface Replay {
  /** Pruned. */
  readonly plan: Plan;
  readonly state: StateFile;
  readonly identity: Identity;
  readonly options: AdoptOptions;
}

/**
 * Reads the sources from the state's last checkpoint up to where a marker says, and stores all that comes of it, with
 * the rows of its sinks, which are not delivered. Returns how many rows were read.
 */
export async function replay(marker: Marker, { plan, state, identity, options }: Replay): Promise<number> {
  const opened = new Map<string, Source>();
  const stop = new AbortController();
  const cut = new Cut(marker);
  const budget = openBudget(options);
  const { clock = SYSTEM_CLOCK } = options;
  return closing(
    async () => {
      await openSources(plan, options, opened);
      const gone = await cut.missing(opened);
      if (gone.length > 0) throw missing(gone);
      const job = new Job({
        plan: untilMarker(plan),
        fingerprint: fingerprint(plan),
        label: labels(plan).label,
        state,
        identity,
        restored: await state.lastCheckpoint(),
        // Without sinks nothing is delivered, and nothing is acknowledged.
        deliveries: new Deliveries(clock, () => {}, new Readers()),
        sources: new Map([...opened].map(([id, source]) => [id, cut.source(id, source)])),
        clockOf: (source, ofSplits) => cut.clockOf(source, ofSplits),
        migrating: new Map(),
        budget,
        onNotice: () => {},
        shards: options.parallelism ?? 1,
        generate: options.generate ?? true,
        follow: false,
        drain: marker.drained === true,
        clock,
        signal: stop.signal,
        onStep: () => Promise.resolve(),
      });
      const over = new AbortController();
      const watching = watch(job, { cut, stop, clock, over: over.signal });
      try {
        const { rowsRead } = await job.run();
        if (job.status().splits.ended > cut.endings) throw beyond(marker);
        return rowsRead;
      } finally {
        over.abort();
        await watching;
      }
    },
    () => [...opened.values(), { close: async () => budget.close() }],
  );
}

interface Watch {
  readonly cut: Cut;
  readonly stop: AbortController;
  readonly clock: WallClock;
  readonly over: AbortSignal;
}

/** Stops a job in which some splits are still live, as they were when the marker was written. */
async function watch(job: Job, { cut, stop, clock, over }: Watch): Promise<void> {
  while (!over.aborted) {
    await clock.sleep(LOOK_EVERY_MS, over);
    if (cut.isReached && cut.endings < cut.splits && job.status().splits.ended >= cut.endings) stop.abort();
  }
}

/** The plan, ended and kept waiting by the marker alone: not by the wall clock, nor by the end of its input. */
function untilMarker(plan: Plan): Plan {
  const nodes = plan.nodes.map((node): PlanNode => {
    if (node.kind !== "source") return node;
    const time = node.time === undefined ? undefined : { ...node.time, idleTimeout: undefined };
    return { ...node, time, spec: { ...node.spec, bounded: false } };
  });
  return { ...plan, nodes };
}

/** The state has another target's marker behind it, of the same place in the sources, where splits had ended. */
function beyond({ lineage, epoch }: Marker): DataflowError {
  return new DataflowError(
    "DF_ADOPT_SOURCE",
    `A target shows epoch ${epoch} of lineage ${lineage}, which was made while a split could still go on; for another target, which the state has followed, it had ended at the same place. They were written by lineages that went on beside each other, and one state cannot have both: start with a new target for one of the two sinks.`,
  );
}

function missing(gone: readonly string[]): DataflowError {
  return new DataflowError(
    "DF_ADOPT_SOURCE",
    `The targets show rows of ${gone.join(", ")}, which the sources do not have any more: what the targets show cannot be made again. Bring them back, or start with new targets.`,
  );
}
