/** Why a step gives nothing yet: what it waits for, and what holds its clock back. */
import type { HeldBy, LedgerEntry, SplitStatus, Waiting } from "../checkpoint/records.ts";
import { type Edge, inputsOf, type Plan, type PlanNode } from "../plan/plan.ts";
import { BEGINNING, type Time } from "../time.ts";
import { combine, type InputClock } from "./input-clock.ts";

/** A node on one shard. */
export interface StepView {
  readonly node: string;
  /** The clock it was given, and the one it has handed on. */
  readonly state: InputClock;
  readonly sent: InputClock;
  /** As its operator says them. */
  readonly gauges: Readonly<Record<string, number>>;
  readonly nextDue: Time | undefined;
  readonly entry: Pick<LedgerEntry, "buffered">;
}

/** A split as its source sees it. */
export interface SplitView {
  readonly split: string;
  readonly status: SplitStatus;
  readonly clock: Time;
  /** Microseconds since it last had rows, or was found. */
  readonly silentMicros: number;
}

/** A source on one shard. */
export interface SourceView {
  readonly node: string;
  readonly state: InputClock | undefined;
  readonly splits: readonly SplitView[];
}

/** What runs of a plan, on all shards. */
export interface RunningViews {
  readonly plan: Plan;
  readonly steps: readonly StepView[];
  readonly sources: readonly SourceView[];
}

/** The steps that hold windows, sessions or rows until their clock has passed them, in the order of the plan. */
export function waitingOf(views: RunningViews): Waiting[] {
  const steps = Map.groupBy(views.steps, ({ node }) => node);
  return views.plan.nodes.flatMap((node) => {
    const shards = steps.get(node.id) ?? [];
    const open = openOf(shards);
    if (open === undefined) return [];
    const clock = finite(Math.min(...shards.map(({ state }) => state.clock)));
    const dues = shards.flatMap(({ nextDue }) => nextDue ?? []);
    const due = dues.length === 0 ? null : Math.min(...dues);
    return [{ node: node.id, ...open, clock, due, heldBy: new Search(views, steps).heldBy(node, due) }];
  });
}

/** What some shards hold together; undefined for nothing. Groups of views wait for no clock. */
function openOf(shards: readonly StepView[]): Pick<Waiting, "windows" | "sessions" | "rows"> | undefined {
  let [windows, sessions, rows] = [0, 0, 0];
  for (const { gauges, entry } of shards) {
    windows += gauges["windows"] ?? 0;
    sessions += gauges["sessions"] ?? 0;
    rows += entry.buffered;
  }
  return windows + sessions + rows === 0 ? undefined : { windows, sessions, rows };
}

/** Follows the input that is furthest behind, from a step up to what holds it back. */
class Search {
  readonly #views: RunningViews;
  readonly #steps: ReadonlyMap<string, readonly StepView[]>;
  /** How much the steps on the way hand on less than they are given, µs. */
  #delayMicros = 0;

  constructor(views: RunningViews, steps: ReadonlyMap<string, readonly StepView[]>) {
    this.#views = views;
    this.#steps = steps;
  }

  /** What holds back the clock of a step, which something in it waits for to be at `due`. */
  heldBy(node: PlanNode, due: Time | null): HeldBy {
    const furthest = this.#furthestOf(node);
    for (let at: PlanNode = node; ;) {
      if (at.kind === "source") return this.#slowestSplit(at.id, { due, furthest });
      const input = this.#slowest(inputsOf(at));
      if (input === undefined || input.status === "idle") return { kind: "silence" };
      at = this.#nodeOf(input.node);
      const shards = this.#steps.get(at.id) ?? [];
      if (shards.length === 0) continue;
      const given = combined(shards.map(({ state }) => state));
      // It still holds rows, though what comes to it holds nothing back.
      if (input.status === "live" && given.status !== "live") return { kind: "step", node: at.id };
      this.#delayMicros += given.clock - input.clock;
    }
  }

  /** The input that decides the clock: the lowest live one; else, where all have ended, the furthest. */
  #slowest(edges: readonly Edge[]): (InputClock & { readonly node: string }) | undefined {
    const inputs = edges.map(({ node }) => ({ node, ...this.#handedBy(node) }));
    const live = inputs.filter(({ status }) => status === "live");
    const [first] = live.toSorted((a, b) => compare(a.clock, b.clock));
    return (
      first ??
      inputs.find(({ status }) => status === "idle") ??
      inputs.toSorted((a, b) => compare(b.clock, a.clock))[0]
    );
  }

  #slowestSplit(
    source: string,
    { due, furthest }: { readonly due: Time | null; readonly furthest: Time },
  ): HeldBy {
    const node = this.#nodeOf(source);
    const time = node.kind === "source" ? node.time : undefined;
    const splits = this.#sourcesOf(source).flatMap((shard) => shard.splits);
    const live = splits.filter(({ status }) => status === "live");
    // Once all have ended, the furthest one decides.
    const [slowest] =
      live.length > 0
        ? live.toSorted((a, b) => compare(a.clock, b.clock))
        : splits.toSorted((a, b) => compare(b.clock, a.clock));
    if (slowest === undefined) return { kind: "silence" };
    // A clock is the newest time less the bound, less a microsecond.
    const needs = due === null ? Number.NaN : due + 1 + (time?.maxOutOfOrderness ?? 0) + this.#delayMicros;
    return {
      kind: live.length > 0 ? "split" : "end",
      source,
      split: slowest.split,
      clock: finite(slowest.clock),
      behind: Number.isFinite(slowest.clock) ? furthest - slowest.clock : null,
      silent: slowest.silentMicros,
      idleTimeout: time?.idleTimeout ?? null,
      needs: finite(needs),
    };
  }

  /** The highest clock among the splits of all sources that a step reads. */
  #furthestOf(node: PlanNode): Time {
    let furthest: Time = BEGINNING;
    const seen = new Set<string>();
    const rest = [node];
    for (let at = rest.pop(); at !== undefined; at = rest.pop()) {
      if (seen.has(at.id)) continue;
      seen.add(at.id);
      for (const { splits } of this.#sourcesOf(at.id)) {
        for (const { clock } of splits) if (Number.isFinite(clock)) furthest = Math.max(furthest, clock);
      }
      rest.push(...inputsOf(at).map((edge) => this.#nodeOf(edge.node)));
    }
    return furthest;
  }

  #handedBy(node: string): InputClock {
    const sources = this.#sourcesOf(node).flatMap(({ state }) => state ?? []);
    return combined([...sources, ...(this.#steps.get(node) ?? []).map(({ sent }) => sent)]);
  }

  #sourcesOf(node: string): readonly SourceView[] {
    return this.#views.sources.filter((source) => source.node === node);
  }

  #nodeOf(id: string): PlanNode {
    return this.#views.plan.nodes.find((node) => node.id === id) as PlanNode;
  }
}

/** Several shards as one input; an idle one keeps its clock, which `combine` does not. */
function combined(states: readonly InputClock[]): InputClock {
  const { clock, status } = combine(states, BEGINNING);
  return { status, clock: status === "idle" ? Math.max(...states.map((state) => state.clock)) : clock };
}

function finite(time: number): Time | null {
  return Number.isFinite(time) ? time : null;
}

/** Orders times that may both be infinite. */
function compare(a: Time, b: Time): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
