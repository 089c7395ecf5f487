import { DataflowError, type OperatorSpec } from "@df/core";
import { keptRowsGoOn } from "../kept-rows/goes-on.ts";
import { openChangelog } from "./operator.ts";

/** What `changelog` is told. */
export interface ChangelogOptions {
  /** The key of the stream. */
  readonly key: readonly string[];
}

/**
 * Turns an upsert stream into retractions: it keeps the last row of each key, and an update becomes the old row with −1
 * directly followed by the new one with +1, each with its own event time. A row equal to the last one changes nothing,
 * nor does a delete of a key that is not there.
 * `outputs` throws DF_CHANGE and DF_CHANGELOG_KEY.
 */
export function changelog({ key }: ChangelogOptions): OperatorSpec {
  return {
    name: "changelog",
    version: 1,
    options: { key },
    label: "convergent",
    stateful: true,
    refuses: false,
    exchanges: [{ keyBy: key }],
    outputs: ([input]) => {
      if (input === undefined || input.change !== "upsert") {
        throw new DataflowError(
          "DF_CHANGE",
          `changelog() takes upsert streams, this one is ${input?.change ?? "missing"}. Leave it out.`,
        );
      }
      if (input.key.join("\0") !== key.join("\0")) {
        throw new DataflowError(
          "DF_CHANGELOG_KEY",
          `changelog() keeps the last row per (${key.join(", ")}), but the key of the stream is (${input.key.join(", ")}).`,
        );
      }
      return [{ ...input, change: "retract" }];
    },
    needs: ([wanted]) => [new Set([...(wanted ?? []), ...key])],
    goesOn: (before, now) => keptRowsGoOn(key, before, now),
    open: openChangelog,
  };
}
