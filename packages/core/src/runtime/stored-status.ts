import { clocksAt } from "../checkpoint/records.ts";
import { readStoredState } from "../checkpoint/stored-state.ts";
import { own } from "../own.ts";
import type { Status } from "./report.ts";

/** The status of a pipeline that is not running, from its state file. @throws DF_ALREADY_RUNNING */
export function storedStatus(file: string): Status {
  const { pipeline, lineage, record, sinks, undelivered, delivered } = readStoredState(file);
  const splits = { live: 0, idle: 0, ended: 0 };
  for (const { status } of record?.splits ?? []) splits[status]++;
  const sources = new Set(record?.splits.map(({ source }) => source));
  const byNode = record && clocksAt(record);
  const clocks = [...sources].map((source) => own(byNode ?? {}, source) ?? null);
  const waiting = new Map(undelivered.map(({ sink, bytes }) => [sink, bytes]));
  const last = new Map(delivered.map((delivery) => [delivery.sink, delivery]));
  return {
    pipeline,
    lineage,
    epoch: record?.epoch ?? 0,
    rowsRead: 0,
    clock: clocks.length === 0 || clocks.includes(null) ? null : Math.min(...clocks.map(Number)),
    splits,
    sinks: sinks.map((sink) => ({
      ...(last.get(sink) ?? { sink, epoch: 0, version: undefined, contentHash: undefined }),
      rows: 0,
      undeliveredBytes: waiting.get(sink) ?? 0,
    })),
    ledger: record?.ledger ?? [],
    gauges: {},
    clocks: byNode,
    waiting: record?.waiting,
  };
}
