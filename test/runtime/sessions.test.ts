import { pipeline, session, t, tumbling, type PipelineDefinition } from "dataflow";
import { memorySink, memorySource, memoryTarget } from "dataflow/memory";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { outcomesOf, runInMemory } from "../in-memory.ts";

const Click = t.row({ user: t.string(), at: t.timestamp() });
interface Click {
  readonly user: string;
  readonly at: number;
}
const SECOND = 1000;

/** The visits of each user, and the visits that ended in each minute. */
function visitsOf(name: string, log: readonly Click[]): PipelineDefinition {
  return pipeline("visits", (p) => {
    const visits = p
      .from("clicks", memorySource(log, Click, { bounded: false }), {
        eventTime: "at",
        maxOutOfOrderness: "5s",
      })
      .keyBy("user")
      .window(session("10s"))
      .aggregate("visits", (a) => ({ clicks: a.count() }), { allowedLateness: "30s" });
    visits.to("out", memorySink(`${name}-visits`));
    visits.late.to("late", memorySink(`${name}-late`));
    visits
      .window(tumbling("1m"))
      .aggregate("minutes", (a) => ({ visits: a.count(), clicks: a.sum("clicks") }))
      .to("per-minute", memorySink(`${name}-minutes`));
  });
}

/** Clicks of many users, up to 33 s out of order, and now and then one that is a minute old. */
function clicks(count: number, from = 0): Click[] {
  return Array.from({ length: count }, (_, i) => {
    const n = from + i;
    const back = n % 97 === 96 ? 60 : (n * 7919) % 33;
    return { user: `u${(n * 31) % 17}`, at: Math.max(0, n - back) * SECOND };
  });
}

/** What stands after all changes of a target. */
function standing(name: string): string[] {
  const counts = new Map<string, number>();
  for (const { row, diff } of memoryTarget(name).changes) {
    const text = JSON.stringify(row);
    counts.set(text, (counts.get(text) ?? 0) + diff);
  }
  return [...counts].flatMap(([text, count]) => Array.from({ length: count }, () => text)).toSorted();
}

/** The sessions that are over at the end of the log, by sorting the rows that are not late. */
function naiveVisits(log: readonly Click[]): string[] {
  let clock = Number.NEGATIVE_INFINITY;
  const taken = log.filter(({ at }) => {
    clock = Math.max(clock, at - 5 * SECOND - 0.001);
    return at + 30 * SECOND > clock;
  });
  const visits: string[] = [];
  for (const [user, all] of Map.groupBy(taken, (row) => row.user)) {
    const times = all.map(({ at }) => at).toSorted((a, b) => a - b);
    for (let from = 0, i = 1; i <= times.length; i++) {
      const windowEnd = (times[i - 1] ?? 0) + 10 * SECOND;
      if (i < times.length && (times[i] ?? 0) <= windowEnd) continue;
      if (windowEnd <= clock)
        visits.push(JSON.stringify({ user, windowStart: times[from], windowEnd, clicks: i - from }));
      from = i;
    }
  }
  return visits.toSorted();
}

test("sessions go on from run to run, also when the number of shards changes, and a window behind them", async () => {
  const log = clicks(900);
  await runInMemory(visitsOf("once", log));
  const stateDirectory = newFolder("sessions");
  const runs = [
    { rows: 205, parallelism: 1 },
    { rows: 470, parallelism: 4 },
    { rows: 471, parallelism: 3 },
    { rows: 900, parallelism: 2 },
  ];
  for (const { rows, parallelism } of runs) {
    const report = await runInMemory(visitsOf("grown", log.slice(0, rows)), { stateDirectory, parallelism });
    expect(standing("grown-visits")).toEqual(naiveVisits(log.slice(0, rows)));
    const { folded = 0, late = 0 } = outcomesOf(report, "visits");
    expect([folded + late, late]).toEqual([rows, memoryTarget("grown-late").changes.length]);
  }
  expect(memoryTarget("grown-late").changes.length).toBeGreaterThan(0);
  expect(memoryTarget("grown-visits").changes.some(({ diff }) => diff < 0)).toBe(true);
  expect(standing("grown-visits")).toEqual(standing("once-visits"));
  expect(standing("grown-minutes").length).toBeGreaterThan(5);
  expect(standing("grown-minutes")).toEqual(standing("once-minutes"));
});
