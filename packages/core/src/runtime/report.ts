import type { LedgerEntry, Waiting } from "../checkpoint/records.ts";
import type { SinkGuarantee } from "../plan/labels.ts";
import type { BudgetUse } from "../state/state-budget.ts";
import type { Epoch, Label } from "../stream.ts";
import type { Time } from "../time.ts";

/** Where a sink stands. */
export interface SinkStatus {
  readonly sink: string;
  /** The epoch its target shows. */
  readonly epoch: Epoch;
  /** Rows shown by this run. */
  readonly rows: number;
  readonly version: string | undefined;
  readonly contentHash: string | undefined;
  /** Whether the content hash compares two runs: not where rows were decided by arrival. */
  readonly comparable?: boolean | undefined;
  /** What the target and the sources before it allow; absent when only the state is known. */
  readonly guarantee?: SinkGuarantee | undefined;
  /** Bytes decided and not yet shown. */
  readonly undeliveredBytes: number;
}

/** A running or finished pipeline at one moment: what the progress line and `status` show. */
export interface Status {
  readonly pipeline: string;
  readonly lineage: string;
  readonly epoch: Epoch;
  /** Rows read by this run. */
  readonly rowsRead: number;
  /** The lowest clock of the sources, µs; −∞ is null. */
  readonly clock: Time | null;
  readonly splits: { readonly live: number; readonly idle: number; readonly ended: number };
  readonly sinks: readonly SinkStatus[];
  readonly ledger: readonly LedgerEntry[];
  /** By node: what is open there. */
  readonly gauges: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** By node: its clock, µs, that of its inputs together; null before it has one, and once drained. */
  readonly clocks?: Readonly<Record<string, Time | null>> | undefined;
  /** Steps that hold something until their clock has passed it. */
  readonly waiting?: readonly Waiting[] | undefined;
  /** Nodes with an output for late rows that nothing reads; absent when only the state is known. */
  readonly lateUnread?: readonly string[] | undefined;
  /** Nodes whose result nothing reads, where others end in a sink; absent where there are none. */
  readonly resultsUnread?: readonly string[] | undefined;
  /** Where state is, once it has outgrown its budget. */
  readonly spilling?: BudgetUse | undefined;
  /** The weakest promise about results; absent when only the state is known. */
  readonly label?: Label | undefined;
}

/** How a run ended. */
export interface RunReport extends Status {
  readonly ended: "input" | "drained" | "stopped" | "nothing new";
}
