import { columnIndex, DataflowError, diffAt, NO_CHANGES, reasonOf, recordedMarker } from "@df/core";
import type { Batch, Committer, CommitterContext, CommitterFactory, Json, Shape, Staged } from "@df/core";
import { jsonLine } from "./json-line.ts";

/** Writes text to where people or programs read it; settles once it is taken. */
export type Print = (text: string) => Promise<void>;

/** Builds the committers of `consoleSink()`, printing on standard output. */
export const committerFactory: CommitterFactory = consoleCommitters(printOnStdout);

/** The same with another output. */
export function consoleCommitters(print: Print): CommitterFactory {
  return {
    open: async (_, context) => consoleCommitter(print, context),
  };
}

/**
 * An intent holds the text itself, since there is nowhere else to keep it: `commitEvery.bytes` bounds it. Printing
 * leaves no marker, so an intent that was printed but not recorded is printed again.
 */
function consoleCommitter(print: Print, context: CommitterContext): Committer {
  const lines = lineWriter(context.input);
  let version = Number(context.delivered?.version ?? 0);
  return {
    prepare: async () => {},
    marker: async () => recordedMarker(context),
    stage: async ({ batches }): Promise<Staged> => {
      let text = "";
      let rows = 0;
      for await (const batch of batches) {
        for (let row = 0; row < batch.length; row++) text += lines(batch, row);
        rows += batch.length;
      }
      // No rows are present in a console that could be hashed.
      return { manifest: { text }, index: NO_CHANGES, contentHash: "0".repeat(32), rows };
    },
    commit: async ({ manifest }): Promise<{ version: string; state: Json }> => {
      const { text } = manifest as { readonly text?: unknown };
      if (typeof text !== "string") {
        throw new DataflowError("DF_SINK_CORRUPT", "An intent of a console sink has no text.");
      }
      // Commit point.
      if (text !== "") await print(text);
      return { version: String(++version), state: null };
    },
    close: async () => {},
  };
}

/** The lines of a row: one, or for retract as many as its diff says. */
function lineWriter({ schema, change, key }: Shape): (batch: Batch, row: number) => string {
  const all = jsonLine(
    schema,
    schema.fields.map((_, column) => column),
  );
  const keys = jsonLine(
    schema,
    key.map((name) => columnIndex(schema, name)),
  );
  return (batch, row) => {
    if (change === "append") return `${all(batch, row, "")}\n`;
    const diff = diffAt(batch, row);
    const head = diff > 0 ? '"op":"+"' : '"op":"-"';
    if (change === "upsert") return `${(diff > 0 ? all : keys)(batch, row, head)}\n`;
    return `${all(batch, row, head)}\n`.repeat(Math.abs(diff));
  };
}

/** Waits until standard output has taken the text. @throws DF_CONSOLE when it is closed */
function printOnStdout(text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    process.stdout.write(text, (error) => {
      if (error === null || error === undefined) resolve();
      else reject(closed(error));
    });
  });
}

function closed(cause: Error): DataflowError {
  return new DataflowError(
    "DF_CONSOLE",
    `Standard output takes no more text: ${reasonOf(cause)}. The rows stay undelivered; start again to print them.`,
    { cause },
  );
}
