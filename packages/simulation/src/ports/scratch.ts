/** State that has less memory than it needs, and the disk that has the rest. */
import type { DataflowError } from "@df/core";
import { MemoryScratchFile, type ScratchFile } from "@df/core/state/scratch";
import { StateBudget } from "@df/core/state/state-budget";

/** Less than the rows of almost any table. */
const LIMIT_BYTES = 2048;
/** The index never spills: what it takes is no matter here. */
const INDEX_BYTES_MAX = 1 << 24;

/** A budget that spills; `answer` says with what the disk answers instead of doing what it is asked. */
export function smallBudget(answer: () => DataflowError | undefined): StateBudget {
  const scratch = (): ScratchFile => {
    const file = new MemoryScratchFile();
    const asked = (work: () => void): void => {
      const thrown = answer();
      if (thrown !== undefined) throw thrown;
      work();
    };
    return {
      write: (bytes, at) => asked(() => file.write(bytes, at)),
      read: (into, at) => asked(() => file.read(into, at)),
      ahead: (size, at) => file.ahead(size, at),
      close: () => file.close(),
    };
  };
  return new StateBudget({ limitBytes: LIMIT_BYTES, indexBytesMax: INDEX_BYTES_MAX, scratch });
}
