import { DataflowError, checkOptions } from "@df/core";
import type { ChangeMode, Json, TypedSink } from "@df/core";
import { checkPartitionBy } from "../lake/partition.ts";
import { parseTableOptions } from "../lake/table-options.ts";
import { targetOf } from "../lake/target.ts";
import { checkNames } from "./schema-string.ts";

/** Where the table lies, and how it is partitioned. */
export interface DeltaOptions {
  /** The table's directory, relative to where the command runs. */
  readonly path: string;
  /** Columns whose values become folders; they are not part of the files. */
  readonly partitionBy?: readonly string[] | undefined;
}

/**
 * A Delta Lake table, made where it is absent. Append streams add rows; upsert and retract streams replace rows by
 * key with deletion vectors. Exactly once.
 * @throws DF_OPTION for a path that is no local directory
 */
export function delta(options: DeltaOptions): TypedSink<unknown, ChangeMode> {
  checkOptions(options, ["path", "partitionBy"], "delta()");
  const { path, partitionBy } = parseTableOptions("delta", {
    path: options.path,
    partitionBy: options.partitionBy ?? [],
  });
  return {
    connector: "delta",
    options: { path, partitionBy: [...partitionBy] } satisfies Json,
    changes: ["append", "upsert", "retract"],
    target: targetOf(path),
    guarantee: "exactly once",
    check: (input) => {
      checkNames(input.schema);
      checkPartitionBy(input.schema, partitionBy);
      if (input.change !== "append" && input.key.length === 0) {
        throw new DataflowError(
          "DF_SINK_KEY",
          `The stream into "${path}" replaces rows (${input.change}) and has no key that tells them apart. ` +
            "Leave this sink out, or use consoleSink(). Behind .changelog() no row is late, so .late stays empty there.",
        );
      }
    },
  };
}
