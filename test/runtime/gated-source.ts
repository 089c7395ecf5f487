/** A source whose splits come, go and speak when a test says so. */
import type { RowType, Columns, SplitReader, TypedSource, ReadOf, WriteOf } from "@df/core";
import { memorySource } from "@df/connectors/memory/source";

/** Splits of a source as they are now; a test may change all of it while a pipeline runs. */
export interface Gates<Row> {
  /** Rows by split. A split that is missing is not listed. */
  readonly logs: Record<string, Row[]>;
  /** Splits that say "idle" whatever they have. */
  readonly silent: Set<string>;
  /** Called with each poll that is answered, before its answer is given; 0 rows for "idle" and "end". */
  onPoll?(split: string, rows: number): void;
}

/** Reads the logs of `gates`; what is in memory is read by `memorySource`. */
export function gatedSource<const S extends Columns>(
  gates: Gates<WriteOf<S>>,
  row: RowType<S>,
): TypedSource<ReadOf<S>> {
  const present = (): TypedSource<ReadOf<S>> => memorySource(gates.logs, row, { bounded: false });
  return {
    ...present(),
    open: async (context) => ({
      splits: async () =>
        Object.keys(gates.logs)
          .toSorted()
          .map((id) => ({ id })),
      read: (split, position): SplitReader => {
        const inner = present()
          .open(context)
          .then((source) => source.read(split, position));
        return {
          poll: async (rowsMax) => {
            if (gates.silent.has(split.id)) {
              gates.onPoll?.(split.id, 0);
              return "idle";
            }
            const polled = await (await inner).poll(rowsMax);
            gates.onPoll?.(split.id, typeof polled === "string" ? 0 : polled.length);
            return polled;
          },
          close: async () => (await inner).close(),
        };
      },
      close: async () => {},
    }),
  };
}
