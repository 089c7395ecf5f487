/**
 * What the tables of a drawn pipeline must show, computed from all its input at once: no engine, no batches, no clocks
 * but the one that each row has in its own log.
 */
import {
  ALLOWED_LATENESS_MS,
  type Drawn,
  HOUR_MS,
  OUT_OF_ORDERNESS_MS,
  POISON,
  type Visit,
} from "./drawn.ts";

/** Lines of each table, sorted. */
export type Tables = Readonly<Record<string, readonly string[]>>;

interface Clocked extends Visit {
  /** How far its log had come, ms. */
  readonly clock: number;
}

/** The content of each table that the pipeline has. */
export function answer(drawn: Drawn): Tables {
  const rejected: string[] = [];
  const rows: Clocked[] = [];
  for (const logs of Object.values(drawn.logs)) {
    for (const [split, log] of Object.entries(logs)) {
      let latest = Number.NEGATIVE_INFINITY;
      for (const [position, record] of log.entries()) {
        if ("broken" in record) rejected.push(lineOf(split, position));
        else {
          const { row } = record;
          latest = Math.max(latest, row.at);
          // A millisecond of the engine's microsecond does no harm: times are whole milliseconds.
          if (row.value === POISON) rejected.push(lineOf(split, position));
          else if (row.value >= 0n)
            rows.push({ ...row, clock: latest - OUT_OF_ORDERNESS_MS[drawn.maxOutOfOrderness] });
        }
      }
    }
  }
  return {
    copy: rows.map(({ id, key, at, value }) => lineOf(id, key, at, value)).toSorted(),
    rejected: rejected.toSorted(),
    ...windows(rows, drawn),
    ...views(rows, drawn),
  };
}

/** Values of a row as text. */
export function lineOf(...values: readonly unknown[]): string {
  return JSON.stringify(values.map(String));
}

function windows(rows: readonly Clocked[], { hours, days }: Drawn): Tables {
  if (hours === "none") return {};
  const lateness = hours === "final" ? 0 : ALLOWED_LATENESS_MS;
  const end = ({ at }: Clocked): number => (Math.floor(at / HOUR_MS) + 1) * HOUR_MS;
  // clock − 1 µs < end − 1 µs + lateness
  const isLate = (row: Clocked): boolean => row.clock >= end(row) + lateness;
  const inTime = rows.filter((row) => !isLate(row));
  return {
    hours: sums(inTime, (row) => [row.key, end(row) - HOUR_MS]),
    late: rows
      .filter(isLate)
      .map(({ id, key, at, value }) => lineOf(id, key, at, value))
      .toSorted(),
    ...(days
      ? { days: sums(inTime, ({ key, at }) => [key, Math.floor(at / (4 * HOUR_MS)) * 4 * HOUR_MS]) }
      : {}),
  };
}

function views(rows: readonly Clocked[], { view, latest }: Drawn): Tables {
  const newest = new Map<string, Clocked>();
  for (const row of rows) {
    const before = newest.get(row.key);
    if (before === undefined || isNewer(row, before)) newest.set(row.key, row);
  }
  const lines = [...newest.values()].map(({ key, id, at, value }) => lineOf(key, id, at, value));
  return {
    ...(view ? { view: sums(rows, ({ key }) => [key]) } : {}),
    ...(latest ? { latest: lines.toSorted() } : {}),
  };
}

function isNewer(a: Visit, b: Visit): boolean {
  if (a.at !== b.at) return a.at > b.at;
  if (a.id !== b.id) return a.id > b.id;
  return a.value > b.value;
}

/** Group, count and sum. */
function sums(rows: readonly Clocked[], groupOf: (row: Clocked) => readonly unknown[]): string[] {
  const groups = new Map<string, { readonly group: readonly unknown[]; rows: bigint; total: bigint }>();
  for (const row of rows) {
    const group = groupOf(row);
    const name = lineOf(...group);
    const sum = groups.get(name) ?? { group, rows: 0n, total: 0n };
    groups.set(name, { group, rows: sum.rows + 1n, total: sum.total + row.value });
  }
  return [...groups.values()]
    .map(({ group, rows: count, total }) => lineOf(...group, count, total))
    .toSorted();
}
