import { inWords, isoTime, own } from "@df/core";
import type { LedgerEntry } from "@df/core/checkpoint/records";
import type { Status } from "@df/core/runtime/report";
import { count } from "../counted.ts";
import { table } from "../render.ts";
import { openOf, waitingBriefly } from "../waiting.ts";
import type { Line } from "./live-area.ts";
import type { Changes } from "./rates.ts";

/** A moment of a run. */
export interface Moment {
  readonly nowMs: number;
  /** Since the run began. */
  readonly sinceMs: number;
  /** When each sink has last delivered, ms; absent before. */
  readonly deliveredMs: ReadonlyMap<string, number>;
  readonly changes: Changes;
}

/** A column of the view: its title, and what it says of a node; left out where it says nothing of any. */
interface Column {
  readonly title: string;
  readonly of: (entry: LedgerEntry) => string;
}

/**
 * A running pipeline in at most `height` lines: how it goes, what each node does, and what steps wait for. Where there
 * is no room for all nodes, the first ones are shown.
 */
export function viewOf(status: Status, moment: Moment, height: number): Line[] {
  const head: Line = { text: headOf(status, moment), style: "bold" };
  const waits = (status.waiting ?? []).map((waiting): Line => ({
    text: `  ${waitingBriefly(waiting)}`,
    style: "dim",
  }));
  const [titles, ...nodes] = tableOf(status, moment);
  const room = height - 1 - waits.length;
  // The titles and, where nodes are left out, the line that says so.
  const fitting = nodes.length + 1 <= room ? nodes.length : room - 2;
  if (titles === undefined || fitting < 1) return [head, ...waits].slice(0, Math.max(0, height));
  const left = nodes.length - fitting;
  const more: Line[] = left === 0 ? [] : [{ text: `  and ${left} more nodes`, style: "dim" }];
  return [head, titles, ...nodes.slice(0, fitting), ...more, ...waits];
}

function headOf(status: Status, { sinceMs, changes }: Moment): string {
  const rate = status.ledger
    .filter(({ checked }) => checked !== undefined)
    .reduce((sum, { node }) => sum + changes.rateOf(node), 0);
  return `${status.pipeline}  ${inSeconds(sinceMs)}  ${count(status.rowsRead)} rows, ${count(rate)} rows/s  epoch ${status.epoch}`;
}

function tableOf(status: Status, moment: Moment): Line[] {
  const { ledger } = status;
  const columns = columnsOf(status, moment).filter(({ of }) => ledger.some((entry) => of(entry) !== ""));
  const rows = ledger.map((entry) => [entry.node, ...columns.map(({ of }) => of(entry))]);
  const lines = table(["node", ...columns.map(({ title }) => title)], rows);
  return lines.map((text, index) => {
    const node = ledger[index - 1]?.node;
    if (node === undefined) return { text, style: "dim" };
    return { text, style: moment.changes.lostAt(node) ? "yellow" : undefined };
  });
}

function columnsOf(status: Status, { nowMs, deliveredMs, changes }: Moment): Column[] {
  const sinks = new Map(status.sinks.map((sink) => [sink.sink, sink]));
  const waiting = new Map((status.waiting ?? []).map((step) => [step.node, step]));
  const clockOf = (node: string): number | null => own(status.clocks ?? {}, node) ?? null;
  return [
    { title: "in", of: ({ rowsIn }) => count(rowsIn) },
    { title: "rows/s", of: ({ node }) => count(changes.rateOf(node)) },
    { title: "clock", of: ({ node }) => shortTime(clockOf(node)) },
    {
      title: "behind now",
      of: ({ node }) => {
        const clock = clockOf(node);
        return clock === null ? "" : inWords(Math.max(0, nowMs * 1000 - clock));
      },
    },
    {
      title: "held",
      of: ({ node, buffered }) => {
        const [step, bytes = 0] = [waiting.get(node), sinks.get(node)?.undeliveredBytes];
        if (step !== undefined) return openOf(step);
        return bytes > 0 ? inBytes(bytes) : countOrNothing(buffered);
      },
    },
    { title: "late", of: ({ outcomes }) => countOrNothing(outcomes.late) },
    { title: "quarantined", of: ({ outcomes }) => countOrNothing(outcomes.quarantined) },
    {
      title: "delivered",
      of: ({ node }) => {
        if (!sinks.has(node)) return "";
        const at = deliveredMs.get(node);
        return at === undefined ? "not yet" : `${inSeconds(nowMs - at)} ago`;
      },
    },
  ];
}

function inSeconds(ms: number): string {
  return ms < 1000 ? "0s" : inWords(Math.floor(ms / 1000) * 1_000_000);
}

function countOrNothing(number: number): string {
  return number === 0 ? "" : count(number);
}

/** The time without its fraction and zone, which is UTC. */
function shortTime(clock: number | null): string {
  return clock === null ? "" : isoTime(clock).slice(0, 19).replace("T", " ");
}

function inBytes(bytes: number): string {
  if (bytes < 1e6) return `${Math.ceil(bytes / 1e3)} kB`;
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
