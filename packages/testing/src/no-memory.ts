import { MemoryScratchFile } from "@df/core/state/scratch";
import { StateBudget } from "@df/core/state/state-budget";

/** A budget of state that keeps no row in memory: all lie in a scratch file. `batchRows`: of batches at most. */
export function noMemory(batchRows?: number): StateBudget {
  const scratch = (): MemoryScratchFile => new MemoryScratchFile();
  const parts = { limitBytes: 0, indexBytesMax: 2 ** 30, scratch };
  return new StateBudget(batchRows === undefined ? parts : { ...parts, batchRows });
}
