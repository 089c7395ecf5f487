// Users may compile for an ECMAScript that has no AsyncDisposable.
/// <reference lib="esnext.disposable" preserve="true" />
import { DataflowError, schemaOfRow } from "@df/core";
import type { Change, Columns, PlainRow, Plan, ReadOf, RowType, Shape } from "@df/core";
import type { LedgerEntry } from "@df/core/checkpoint/records";
import type { Failure, Readers } from "@df/core/runtime/readers";
import type { RunReport, Status } from "@df/core/runtime/report";
import { checkReadAs } from "./read-as.ts";

/**
 * A pipeline that runs in this process. It ends with its input, when it is stopped, or when something fails; what it
 * had decided until then is not lost. `await using run = await start(…)` stops it where its block ends.
 */
export interface Run extends AsyncDisposable {
  /** Its name, and that of its state directory. */
  readonly pipeline: string;
  /** How the run ended. Rejects with what made it fail; that nobody looks is no unhandled rejection. */
  readonly done: Promise<RunReport>;
  /** Where the pipeline stands at this moment; once it has ended, where it ended. */
  status(): Status;
  /** What became of the rows that came to each step, since the pipeline first started. */
  ledger(): readonly LedgerEntry[];
  /**
   * The changes of a sink's table, in order: each is handed out once the delivery that shows it is recorded, and none
   * twice. Given a row type, which may name some of the columns, the rows are of its type.
   *
   * Every loop over them is a reader of its own, which is told all deliveries that begin after it: in the same turn as
   * `await start()` that is everything this run shows. Leaving the loop ends the reading, the end of the run ends the
   * loop, and a run that failed throws in it, behind the last change that was shown.
   *
   * A slow reader holds up the next delivery of the sink, and in the end the sources; meanwhile the rows of one
   * delivery are kept in memory. Those of a run that stops or ends wait for nobody. What was shown and not read when
   * the process died is not told again: a sink, such as `callback()`, loses nothing.
   * @throws DF_NO_SINK when the pipeline has no sink of that id, DF_SINK_ROW when its rows are not of the row type
   */
  changes(sink: string): AsyncIterable<Change<PlainRow>>;
  changes<const S extends Columns>(sink: string, row: RowType<S>): AsyncIterable<Change<ReadOf<S>>>;
  /** Stops cleanly, with a checkpoint and a delivery. Rejects with what made the run fail, now or before. */
  stop(): Promise<RunReport>;
}

interface Parts {
  readonly plan: Plan;
  readonly readers: Readers;
  readonly report: Promise<RunReport>;
  readonly status: () => Status;
  readonly stop: () => void;
}

/** The run of a pipeline that has started. */
export function runOf({ plan, readers, report, status, stop }: Parts): Run {
  let ended: RunReport | undefined;
  let failure: Failure | undefined;
  const done = report.then(
    (last) => {
      ended = last;
      readers.end(undefined);
      return last;
    },
    (error: unknown) => {
      failure = { error, told: false };
      readers.end(failure);
      throw error;
    },
  );
  // Whoever stops or disposes of the run is told.
  done.catch(() => {});
  let asked = false;
  const stopped = (): Promise<RunReport> => {
    asked = true;
    stop();
    return done;
  };
  return {
    pipeline: plan.name,
    get done() {
      asked = true;
      return done;
    },
    status: () => ended ?? status(),
    ledger: () => (ended ?? status()).ledger,
    changes: (sink: string, row?: RowType<Columns>) => {
      const shape = shapeOf(plan, sink);
      if (row !== undefined) checkReadAs(sink, shape.schema, schemaOfRow(row, "changes(sink, Row)"));
      // Checked above; the one cast of what was read to what its schema says.
      return readers.changes(sink, shape) as AsyncIterable<Change<never>>;
    },
    stop: stopped,
    async [Symbol.asyncDispose]() {
      stop();
      await done.catch((error: unknown) => {
        // Told twice, the failure of a block and that of its end would hide each other.
        if (!asked && failure?.told !== true) throw error;
      });
    },
  };
}

function shapeOf({ name, nodes }: Plan, sink: string): Shape {
  const sinks = nodes.filter((node) => node.kind === "sink");
  const found = sinks.find(({ id }) => id === sink);
  if (found !== undefined) return found.shape;
  const ids = sinks.map(({ id }) => `"${id}"`).join(", ");
  throw new DataflowError(
    "DF_NO_SINK",
    `Pipeline "${name}" has no sink ${JSON.stringify(sink)}. ${ids === "" ? "It has none." : `It has: ${ids}.`}`,
  );
}
