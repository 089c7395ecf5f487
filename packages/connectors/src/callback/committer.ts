import {
  BATCH_ROWS_MAX,
  type Change,
  ChangeReader,
  type Committer,
  type CommitterContext,
  type CommitterFactory,
  DataflowError,
  type Epoch,
  NO_CHANGES,
  reasonOf,
  recordedMarker,
} from "@df/core";
import type { Callback } from "./callback.ts";

/** Changes that a callback is given at once. */
const PART_CHANGES_MAX: number = BATCH_ROWS_MAX;

/** Builds the committers of `callback()`. */
export const committerFactory: CommitterFactory = {
  open: async (_, context) => callbackCommitter(context),
};

/**
 * An intent holds no rows: until a delivery is recorded the state holds them, so it is told in the same parts again. A
 * callback leaves no marker.
 */
function callbackCommitter(context: CommitterContext): Committer {
  return {
    prepare: async () => {},
    marker: async () => recordedMarker(context),
    stage: async ({ batches }) => {
      let rows = 0;
      for await (const { length } of batches) rows += length;
      // No rows are present in a function that could be hashed.
      return { manifest: { rows }, index: NO_CHANGES, contentHash: "0".repeat(32), rows };
    },
    commit: async ({ marker: { epoch } }) => {
      const tell = functionOf(context, epoch);
      let number = 0;
      for await (const { changes, last } of partsOf(context, epoch)) {
        const part = number++;
        try {
          // Commit point, part by part.
          await tell(changes, { epoch, part, last });
        } catch (cause) {
          throw failed(context.sink, { epoch, part }, cause);
        }
      }
      return { version: String(epoch), state: null };
    },
    close: async () => {},
  };
}

interface Part {
  readonly changes: readonly Change[];
  readonly last: boolean;
}

async function* partsOf(context: CommitterContext, through: Epoch): AsyncGenerator<Part> {
  let changes: Change[] = [];
  for await (const some of changesOf(new ChangeReader(context.input), context.held(through))) {
    for (const change of some) {
      if (changes.length === PART_CHANGES_MAX) {
        yield { changes, last: false };
        changes = [];
      }
      changes.push(change);
    }
  }
  if (changes.length > 0) yield { changes, last: true };
}

async function* changesOf(
  reader: ChangeReader,
  batches: ReturnType<CommitterContext["held"]>,
): AsyncGenerator<Iterable<Change>> {
  for await (const batch of batches) yield reader.read(batch);
  yield reader.end();
}

function functionOf({ code, sink, pipeline }: CommitterContext, epoch: Epoch): Callback {
  if (typeof code === "function") return code as Callback;
  throw new DataflowError(
    "DF_CALLBACK_GONE",
    `Sink "${sink}" has rows, up to epoch ${epoch}, that only its callback could take, and pipeline "${pipeline}" has no callback() of that id any more. Put it back, run the pipeline once, then take it out.`,
  );
}

function failed(
  sink: string,
  { epoch, part }: { readonly epoch: Epoch; readonly part: number },
  cause: unknown,
): DataflowError {
  return new DataflowError(
    "DF_CALLBACK",
    `The callback of sink "${sink}" failed at part ${part} of epoch ${epoch}: ${reasonOf(cause)}. The delivery stays undone; the next run tells all of it again.`,
    { cause },
  );
}
