import { aligned } from "./aligned.ts";
import { inWords, isoTime } from "@df/core";
import type { LedgerEntry } from "@df/core/checkpoint/records";
import type { RunReport, SinkStatus, Status } from "@df/core/runtime/report";
import { count, counted } from "./counted.ts";
import { waitingLine } from "./waiting.ts";

/** One line about a running pipeline. `sinceMs`: wall time of the run; `nowMs`: since 1970. */
export function progressLine(
  status: Status,
  at: { readonly sinceMs: number; readonly nowMs: number; readonly shownMs?: number | undefined },
): string {
  const rate = at.sinceMs > 0 ? Math.round((status.rowsRead * 1000) / at.sinceMs) : 0;
  const clock =
    status.clock === null
      ? "no clock yet"
      : `clock ${isoTime(status.clock)} (${inWords(at.nowMs * 1000 - status.clock)} behind now)`;
  const shown =
    at.shownMs === undefined
      ? "nothing delivered yet"
      : `delivered ${inWords((at.nowMs - at.shownMs) * 1000)} ago`;
  return `${status.pipeline}: ${count(status.rowsRead)} rows, ${count(rate)} rows/s, ${clock}, epoch ${status.epoch}, ${shown}`;
}

const ENDINGS: Readonly<Record<RunReport["ended"], string>> = {
  input: "the input has ended",
  drained: "the input has ended and all windows are closed",
  stopped: "stopped",
  "nothing new": "drained before, and there is nothing new",
};

/** What a run leaves behind, as text for a person. */
export function renderReport(report: RunReport): string {
  const lines = [
    `${report.pipeline}: ${ENDINGS[report.ended]}. ${counted(report.rowsRead, "row")} read, epoch ${report.epoch}, ${report.label} results.`,
    ...renderSinks(report.sinks),
    ...renderLedger(report.ledger),
    ...renderChecked(report.ledger),
    ...renderSpilling(report),
    ...renderWaiting(report, report.ended === "input"),
    ...renderLate(report),
    ...renderUnread(report),
    ...renderNoSink(report),
  ];
  return `${lines.join("\n")}\n`;
}

/** The state of a pipeline that may be running elsewhere. */
export function renderStatus(status: Status, running: string): string {
  const clock = status.clock === null ? "none yet" : isoTime(status.clock);
  const { live, idle, ended } = status.splits;
  const lines = [
    `${status.pipeline}: ${running}, epoch ${status.epoch}, clock ${clock}, splits ${live} live, ${idle} idle, ${ended} ended`,
    ...renderSinks(status.sinks),
    ...renderLedger(status.ledger),
    ...renderSpilling(status),
    ...renderWaiting(status, false),
    ...renderLate(status),
    ...renderUnread(status),
  ];
  return `${lines.join("\n")}\n`;
}

function renderSpilling({ spilling }: Status): string[] {
  if (spilling === undefined) return [];
  const { limitBytes, residentBytes, indexBytes, spilledBytes } = spilling;
  return [
    `State has outgrown its budget of ${count(limitBytes)} bytes: ${count(residentBytes)} bytes of rows are in memory, ${count(spilledBytes)} on disk; finding them takes ${count(indexBytes)}.`,
  ];
}

function renderSinks(sinks: readonly SinkStatus[]): string[] {
  return table(
    ["sink", "guarantee", "shown now", "epoch", "version", "content hash", "held bytes"],
    sinks.map(({ sink, guarantee, rows, epoch, version, contentHash, comparable, undeliveredBytes }) => [
      sink,
      guarantee ?? "-",
      // A state alone knows nothing of how much a run has shown, unless it is nothing.
      guarantee === undefined && epoch > 0 ? "-" : count(rows),
      epoch === 0 ? "-" : String(epoch),
      version ?? "-",
      comparable === false ? "by arrival" : hashText(contentHash),
      count(undeliveredBytes),
    ]),
  );
}

/** The hash of no rows is all zeros, also that of a target which keeps none, such as a console. */
function hashText(contentHash: string | undefined): string {
  return contentHash === undefined || /^0+$/.test(contentHash) ? "-" : contentHash;
}

/** Each input row has exactly one outcome, or is still buffered: the columns after `in` add up to it. */
function renderLedger(ledger: readonly LedgerEntry[]): string[] {
  const names = ["passed", "folded", "filtered", "duplicate", "late", "quarantined", "expired"] as const;
  return table(
    ["node", "in", ...names, "buffered", "out"],
    ledger.map(({ node, rowsIn, outcomes, buffered, rowsOut }) => [
      node,
      count(rowsIn),
      ...names.map((name) => count(outcomes[name])),
      count(buffered),
      count(rowsOut),
    ]),
  );
}

function renderChecked(ledger: readonly LedgerEntry[]): string[] {
  return ledger.flatMap(({ node, checked }) =>
    checked === undefined ? [] : [`Type and range were checked of "${node}": ${checked.join(", ")}.`],
  );
}

/** Why results are not there yet. */
function renderWaiting({ waiting = [] }: Status, drains: boolean): string[] {
  return waiting.map((step) => waitingLine(step, drains));
}

/** Late rows are no silent loss: whoever does not take them is told how many there were. */
function renderLate({ ledger, lateUnread = [] }: Status): string[] {
  return ledger.flatMap(({ node, outcomes: { late } }) =>
    late > 0 && lateUnread.includes(node)
      ? [
          `${count(late)} late rows of "${node}" went nowhere: end its late rows (.late; of a join .lateLeft and .lateRight) in a sink to keep them, ` +
            "or allow more disorder (maxOutOfOrderness, allowedLateness).",
        ]
      : [],
  );
}

/** So that nobody looks in vain for what was never to be shown. */
function renderUnread({ resultsUnread = [] }: Status): string[] {
  return resultsUnread.map(
    (node) =>
      `No sink shows the rows of "${node}": end them in one with .to(id, sink), or take the step out.`,
  );
}

function renderNoSink({ sinks }: RunReport): string[] {
  return sinks.length > 0
    ? []
    : [
        "Nothing was written: no stream of this pipeline ends in a sink. End one with .to(id, sink), and run with a new state directory (--state-dir): rows that this run read do not come again.",
      ];
}

/** Rows of numbers below their titles, each with a name; nothing where there are none. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  if (rows.length === 0) return [];
  return aligned([head, ...rows], { numbersFrom: 1 }).map((line) => `  ${line}`);
}
