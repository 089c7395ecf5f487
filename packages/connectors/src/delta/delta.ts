import { DataflowError, checkOptions } from "@df/core";
import type { ChangeMode, Json, TypedSink } from "@df/core";
import type { Compression } from "@df/formats/parquet/compression";
import { checkPartitionBy } from "../lake/partition.ts";
import { CHANGEABLE, parseParquetOptions } from "../lake/parquet-options.ts";
import { targetOf } from "../lake/target.ts";
import { checkNames } from "./schema-string.ts";

/** Where the table lies, and how it is partitioned. */
export interface DeltaOptions {
  /** The table's directory, relative to where the command runs. */
  readonly path: string;
  /** Columns whose values become folders; they are not part of the files. */
  readonly partitionBy?: readonly string[] | undefined;
  /**
   * How new files are compressed: "snappy" by default; "zstd" makes them smaller for some CPU. May change at a restart.
   */
  readonly compression?: Compression | undefined;
}

/**
 * A Delta Lake table, made where it is absent. Append streams add rows; upsert and retract streams replace rows by
 * key with deletion vectors. Exactly once.
 * @throws DF_OPTION for a path that is no local directory, and for another compression
 */
export function delta(options: DeltaOptions): TypedSink<unknown, ChangeMode> {
  checkOptions(options, ["path", "partitionBy", "compression"], "delta()");
  const { path, partitionBy, compression } = parseParquetOptions("delta", {
    path: options.path,
    partitionBy: options.partitionBy ?? [],
    compression: options.compression ?? "snappy",
  });
  return {
    connector: "delta",
    options: { path, partitionBy: [...partitionBy], compression } satisfies Json,
    changeable: CHANGEABLE,
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
