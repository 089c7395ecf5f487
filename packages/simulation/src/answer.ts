/**
 * What the tables of a drawn pipeline must show, computed from all its input at once: no engine, no batches, no clocks
 * but the one that each row has in its own log.
 */
import {
  ALLOWED_LATENESS_MS,
  type Drawn,
  GAP_MS,
  HOUR_MS,
  OUT_OF_ORDERNESS_MS,
  POISON,
  SLIDING,
  type Version,
  type Visit,
  WITHIN_MS,
} from "./drawn.ts";

/** Lines of each table, sorted. */
export type Tables = Readonly<Record<string, readonly string[]>>;

interface Clocked extends Visit {
  /** How far its log had come, ms. */
  readonly clock: number;
  /** The value of the column that is summed. */
  readonly summed: bigint;
}

/** The content of each table that the pipeline has, with the sums of one column or the other. */
export function answer(drawn: Drawn, summed: Version["summed"] = "value"): Tables {
  const left = readAll(drawn, "left", summed);
  const right = readAll(drawn, "right", summed);
  const rows = drawn.second === "union" ? [...left.rows, ...right.rows] : left.rows;
  return {
    ...(drawn.copy ? { copy: linesOf(rows) } : {}),
    ...(drawn.rejects ? { rejected: [...left.rejected, ...right.rejected].toSorted() } : {}),
    ...windows(rows, drawn),
    ...(drawn.sliding ? { sliding: slidingWindows(rows) } : {}),
    ...(drawn.visits === "none"
      ? {}
      : { visits: visits(rows, drawn.visits === "final" ? 0 : ALLOWED_LATENESS_MS) }),
    ...(drawn.first ? { first: firstRows(rows) } : {}),
    ...(drawn.second === "join" ? { joined: pairs(left.rows, right.rows) } : {}),
    ...views(rows, drawn),
  };
}

/** Values of a row as text. */
export function lineOf(...values: readonly unknown[]): string {
  return JSON.stringify(values.map(String));
}

/** Rows that come too late for a window, a session or a pair of the pipeline. */
export function late(drawn: Drawn): number {
  const { hours, visits: sessions, sliding } = drawn;
  const changing = hours === "corrected" || hours === "onUpdate" || sessions === "onUpdate";
  const lateness = changing ? ALLOWED_LATENESS_MS : 0;
  const isTooLate = (row: Clocked): boolean => {
    if (sessions !== "none") return isLateForSession(row, lateness);
    // The first of its windows ends when the next one that it is not in begins.
    if (sliding) return row.clock >= startOf(row.at, SLIDING.everyMs) + SLIDING.everyMs;
    return isLate(row, lateness);
  };
  return allRows(drawn).filter(isTooLate).length;
}

/** Ends of windows of an hour that the clock of a log passes before its last row. */
export function windowEnds(drawn: Drawn): number {
  const ends = allRows(drawn).map(({ at }) => startOf(at, HOUR_MS) + HOUR_MS);
  const latest = Math.max(...allRows(drawn).map(({ clock }) => clock));
  return new Set(ends.filter((end) => end <= latest)).size;
}

function allRows(drawn: Drawn): readonly Clocked[] {
  return [...readAll(drawn, "left", "value").rows, ...readAll(drawn, "right", "value").rows];
}

function isLateForSession({ at, clock }: Clocked, latenessMs: number): boolean {
  return clock - 0.001 >= at + latenessMs;
}

interface Read {
  readonly rows: readonly Clocked[];
  readonly rejected: readonly string[];
}

/** The rows that the first step lets through, and the places of those that are refused. */
function readAll(
  { logs, maxOutOfOrderness }: Drawn,
  source: "left" | "right",
  summed: Version["summed"],
): Read {
  const rejected: string[] = [];
  const rows: Clocked[] = [];
  for (const [split, log] of Object.entries(logs[source])) {
    let latest = Number.NEGATIVE_INFINITY;
    for (const [position, record] of log.entries()) {
      if ("broken" in record) {
        rejected.push(lineOf(split, position));
        continue;
      }
      const { row } = record;
      latest = Math.max(latest, row.at);
      if (row.value === POISON) rejected.push(lineOf(split, position));
      else if (row.value >= 0n)
        rows.push({ ...row, clock: latest - OUT_OF_ORDERNESS_MS[maxOutOfOrderness], summed: row[summed] });
    }
  }
  return { rows, rejected };
}

function linesOf(rows: readonly Visit[]): string[] {
  return rows.map(({ id, key, at, value }) => lineOf(id, key, at, value)).toSorted();
}

function windows(rows: readonly Clocked[], { hours, late, days }: Drawn): Tables {
  if (hours === "none") return {};
  const lateness = hours === "final" ? 0 : ALLOWED_LATENESS_MS;
  const inTime = rows.filter((row) => !isLate(row, lateness));
  return {
    hours: sums(inTime, ({ key, at }) => [key, startOf(at, HOUR_MS)]),
    ...(late ? { late: linesOf(rows.filter((row) => isLate(row, lateness))) } : {}),
    ...(days ? { days: sums(inTime, ({ key, at }) => [key, startOf(at, 4 * HOUR_MS)]) } : {}),
  };
}

function startOf(at: number, sizeMs: number): number {
  return Math.floor(at / sizeMs) * sizeMs;
}

/** Whether its window of an hour is over for a row: clock − 1 µs ≥ end − 1 µs + lateness. */
function isLate({ at, clock }: Clocked, latenessMs: number): boolean {
  return clock >= startOf(at, HOUR_MS) + HOUR_MS + latenessMs;
}

function slidingWindows(rows: readonly Clocked[]): string[] {
  const { sizeMs, everyMs } = SLIDING;
  const placed = rows.flatMap((row) => {
    const last = startOf(row.at, everyMs);
    return Array.from({ length: sizeMs / everyMs }, (_, back) => ({ ...row, start: last - back * everyMs }));
  });
  return sums(
    placed.filter(({ clock, start }) => clock < start + sizeMs),
    ({ key, start }) => [key, start],
  );
}

/** Sessions are chains of rows of one key. Only the row itself says whether it is late. */
function visits(rows: readonly Clocked[], latenessMs: number): string[] {
  const inTime = rows.filter((row) => !isLateForSession(row, latenessMs)).toSorted((a, b) => a.at - b.at);
  const chains: Clocked[][] = [];
  const newest = new Map<string, Clocked[]>();
  for (const row of inTime) {
    const chain = newest.get(row.key);
    if (chain !== undefined && row.at - (chain.at(-1)?.at ?? 0) <= GAP_MS) chain.push(row);
    else {
      newest.set(row.key, [row]);
      chains.push(newest.get(row.key) ?? []);
    }
  }
  return chains
    .map((chain) => {
      const [first, last] = [chain[0] as Clocked, chain.at(-1) as Clocked];
      const total = chain.reduce((sum, row) => sum + row.summed, 0n);
      return lineOf(first.key, first.at, last.at + GAP_MS, chain.length, total);
    })
    .toSorted();
}

/** Of rows with one id, less than the distance behind one that was kept, the first. */
function firstRows(rows: readonly Clocked[]): string[] {
  const kept = new Map<bigint, Clocked>();
  const first: Clocked[] = [];
  const inTime = rows.filter((row) => !isLateForSession(row, 0)).toSorted((a, b) => a.at - b.at);
  for (const row of inTime) {
    const before = kept.get(row.id);
    if (before !== undefined && row.at - before.at < WITHIN_MS) continue;
    kept.set(row.id, row);
    first.push(row);
  }
  return linesOf(first);
}

function pairs(left: readonly Clocked[], right: readonly Clocked[]): string[] {
  const others = right.filter((row) => !isLate(row, 0));
  return left
    .filter((row) => !isLate(row, 0))
    .flatMap((row) => {
      const found = others.filter(
        ({ key, value, at }) =>
          key === row.key && value === row.value && startOf(at, HOUR_MS) === startOf(row.at, HOUR_MS),
      );
      return found.length === 0 ? [lineOf(row.id, null)] : found.map(({ id }) => lineOf(row.id, id));
    })
    .toSorted();
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
function sums<Row extends Clocked>(
  rows: readonly Row[],
  groupOf: (row: Row) => readonly unknown[],
): string[] {
  const groups = new Map<string, { readonly group: readonly unknown[]; rows: bigint; total: bigint }>();
  for (const row of rows) {
    const group = groupOf(row);
    const name = lineOf(...group);
    const sum = groups.get(name) ?? { group, rows: 0n, total: 0n };
    groups.set(name, { group, rows: sum.rows + 1n, total: sum.total + row.summed });
  }
  return [...groups.values()]
    .map(({ group, rows: count, total }) => lineOf(...group, count, total))
    .toSorted();
}
