import type { Json, Shape, TypedSink } from "@df/core";
import { DataflowError, checkOptions } from "@df/core";
import type { Compression } from "@df/formats/parquet/compression";
import { checkPartitionBy } from "../lake/partition.ts";
import { CHANGEABLE, parseParquetOptions } from "../lake/parquet-options.ts";
import { targetOf } from "../lake/target.ts";

/** Where `parquet` writes. */
export interface ParquetSinkOptions {
  /** A local directory, made if it is absent; relative to the directory the command runs in. */
  readonly path: string;
  /** Columns that become folders, `country=CH/`; they stay in the files too. Default none. */
  readonly partitionBy?: readonly string[] | undefined;
  /**
   * How new files are compressed: "snappy" by default; "zstd" makes them smaller for some CPU. May change at a restart.
   */
  readonly compression?: Compression | undefined;
}

/**
 * A directory of Parquet files. Exactly once for readers of its manifest (`_commits`), effectively once for those that
 * read all `*.parquet` in it. Takes streams that append.
 * @throws DF_OPTION for a path that is no local directory, and for another compression
 */
export function parquet(options: ParquetSinkOptions): TypedSink<unknown, "append"> {
  checkOptions(options, ["path", "partitionBy", "compression"], "parquet()");
  const { path, partitionBy, compression } = parseParquetOptions("parquet", {
    path: options.path,
    partitionBy: options.partitionBy ?? [],
    compression: options.compression ?? "snappy",
  });
  return {
    connector: "parquet",
    options: { path, partitionBy: [...partitionBy], compression } satisfies Json,
    changeable: CHANGEABLE,
    changes: ["append"],
    target: targetOf(path),
    guarantee: "exactly once",
    check: ({ schema, change }: Shape) => {
      if (change !== "append") {
        throw new DataflowError(
          "DF_CHANGE",
          `parquet() takes rows that are only added, and this stream has updates (${change}). ` +
            "Write it to a table with delta(), or its changes with .changelog().",
        );
      }
      checkPartitionBy(schema, partitionBy);
    },
  };
}
