/** How long turns of the event loop of this thread take, on the clock on the wall and in CPU time of the thread. */
import { Session, type Profiler } from "node:inspector/promises";
import { PerformanceObserver } from "node:perf_hooks";

/** Milliseconds between two looks at the clock, where nothing holds the thread up. */
const LOOK_EVERY_MS = 1;
/** Microseconds between two samples of a profile. */
const SAMPLE_EVERY_MICROS = 250;
/** A function is named if it has at least this part of a turn's samples. */
const PART_NAMED = 0.2;

/** A stretch in which nothing else could run on this thread. */
export interface Turn {
  /** When it began, ms since the watch did. */
  readonly atMs: number;
  readonly wallMs: number;
  /** CPU time of this thread: what other processes took of the core is not in it. */
  readonly cpuMs: number;
  /** Garbage collection that stopped this thread, wall time. */
  readonly gcMs: number;
}

/** What was seen of a thread. */
export interface Watched {
  readonly turns: readonly Turn[];
  readonly wallMs: number;
  readonly cpuMs: number;
  /** Garbage collection that stopped the thread, wall time: in all, and the longest one. */
  readonly gcMs: number;
  readonly gcMsMax: number;
  /** About what it took of CPU time: of a collection as large a part as its turn had of a core. */
  readonly gcCpuMs: number;
  /** The functions in which most of a turn was spent, callers first; nothing without a profile. */
  named(turn: Turn): readonly string[];
}

/** Begins to watch this thread; what is returned ends it. A profile costs some time of its own. */
export async function watchTurns(withProfile: boolean): Promise<() => Promise<Watched>> {
  const session = new Session();
  if (withProfile) {
    session.connect();
    await session.post("Profiler.enable");
    await session.post("Profiler.setSamplingInterval", { interval: SAMPLE_EVERY_MICROS });
    await session.post("Profiler.start");
  }
  const collections: { readonly startTime: number; readonly duration: number }[] = [];
  const observer = new PerformanceObserver((list) => collections.push(...list.getEntries()));
  observer.observe({ entryTypes: ["gc"] });
  const began = performance.now();
  const beganMicros = Number(process.hrtime.bigint() / 1000n);
  const cpuBegan = threadCpuMs();
  let last = { wall: began, cpu: cpuBegan };
  const turns: Omit<Turn, "gcMs">[] = [];
  const look = setInterval(() => {
    const now = { wall: performance.now(), cpu: threadCpuMs() };
    turns.push({ atMs: last.wall - began, wallMs: now.wall - last.wall, cpuMs: now.cpu - last.cpu });
    last = now;
  }, LOOK_EVERY_MS);
  return async () => {
    clearInterval(look);
    const wallMs = performance.now() - began;
    const cpuMs = threadCpuMs() - cpuBegan;
    const profile = withProfile ? (await session.post("Profiler.stop")).profile : undefined;
    // What has been observed is told in a turn of its own.
    await new Promise((resolve) => setImmediate(resolve));
    observer.disconnect();
    const gcOf = (from: number, to: number): number =>
      collections
        .filter(({ startTime }) => startTime - began >= from && startTime - began < to)
        .reduce((sum, { duration }) => sum + duration, 0);
    const all = turns.map((turn) => ({ ...turn, gcMs: gcOf(turn.atMs, turn.atMs + turn.wallMs) }));
    const gcCpuMs = all.reduce(
      (sum, turn) => sum + (turn.gcMs * turn.cpuMs) / Math.max(turn.wallMs, turn.cpuMs),
      0,
    );
    return {
      turns: all,
      wallMs,
      gcCpuMs,
      cpuMs,
      gcMs: gcOf(0, Infinity),
      gcMsMax: Math.max(0, ...collections.map(({ duration }) => duration)),
      named: ({ atMs, wallMs: ms }) =>
        profile === undefined
          ? []
          : namedIn(profile, beganMicros + atMs * 1000, beganMicros + (atMs + ms) * 1000),
    };
  };
}

/** The value below which so many percent of values lie. */
export function percentile(values: readonly number[], percent: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor((sorted.length * percent) / 100))] ?? 0;
}

function threadCpuMs(): number {
  // Linux brings the time of this thread up to date only when that of the whole process is asked for: else it goes on
  // in steps of 4 ms.
  process.cpuUsage();
  const { user, system } = process.threadCpuUsage();
  return (user + system) / 1000;
}

/** Functions that stand in many of the stacks of a stretch (µs of the profile's clock), the outermost first. */
function namedIn(profile: Profiler.Profile, from: number, to: number): string[] {
  const nodes = new Map(profile.nodes.map((node) => [node.id, node]));
  const parents = new Map(
    profile.nodes.flatMap(({ id, children }) => (children ?? []).map((child) => [child, id])),
  );
  const found = new Map<string, { samples: number; depth: number }>();
  let samples = 0;
  let at = profile.startTime;
  for (const [i, id] of (profile.samples ?? []).entries()) {
    at += profile.timeDeltas?.[i] ?? 0;
    if (at < from || at >= to) continue;
    samples++;
    const names = new Set<string>();
    for (let node = nodes.get(id); node !== undefined; node = nodes.get(parents.get(node.id) ?? 0)) {
      const { functionName, url, lineNumber } = node.callFrame;
      if (url !== "" || functionName.startsWith("("))
        names.add(`${functionName} ${url.split("/").slice(-2).join("/")}:${lineNumber + 1}`);
    }
    const stack = [...names].toReversed();
    for (const [depth, name] of stack.entries()) {
      const known = found.get(name) ?? { samples: 0, depth };
      found.set(name, { samples: known.samples + 1, depth: Math.min(known.depth, depth) });
    }
  }
  return [...found]
    .filter(([name, each]) => each.samples >= samples * PART_NAMED && !name.startsWith("(root)"))
    .toSorted(([, a], [, b]) => a.depth - b.depth)
    .map(([name, each]) => `${((each.samples / samples) * 100).toFixed(0)} % ${name}`);
}
