/** A thread that has shards of a run: started by `shard-threads.ts`. */
import { workerData } from "node:worker_threads";
import { present } from "../assert.ts";
import { expectGivingAway } from "../checkpoint/given-away.ts";
import { openScratchFile } from "../checkpoint/scratch-file.ts";
import { StateBudget } from "../state/state-budget.ts";
import { toldError } from "../thread-errors.ts";
import { ShardRun, type ShardStart } from "./shard-run.ts";
import type { LinkMessage } from "./shard-messages.ts";
import { planElsewhere } from "./plan-elsewhere.ts";

const work = workerData as ShardStart;
expectGivingAway();
try {
  const budget = new StateBudget({
    limitBytes: work.budgetBytes,
    scratch: () => openScratchFile(work.stateDirectory, work.thread),
  });
  await new ShardRun(work, await planElsewhere(work), budget).run();
} catch (thrown) {
  const message: LinkMessage = { kind: "failed", error: toldError(thrown) };
  present(work.ports[0], "the way to the main thread").postMessage([message]);
}
