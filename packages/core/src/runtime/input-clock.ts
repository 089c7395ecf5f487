import type { SplitStatus } from "../checkpoint/records.ts";
import { BEGINNING, type Time } from "../time.ts";

/** How far an input has come, and whether it still holds the clock back. */
export interface InputClock {
  readonly clock: Time;
  readonly status: SplitStatus;
}

/** What a source gives on as its clock, by its id and the clock of its splits together. */
export type ClockOf = (source: string, ofSplits: InputClock) => InputClock;

/** What each node gives on over all of its shards, by node; shards without a state say nothing. */
export function inputsByNode(
  runners: readonly { readonly node: string; readonly state: InputClock | undefined }[],
): ReadonlyMap<string, InputClock> {
  const shards = Map.groupBy(runners, ({ node }) => node);
  return new Map(
    [...shards].map(([node, all]) => {
      const states = all.flatMap(({ state }) => state ?? []);
      const { clock, status } = combine(states, BEGINNING);
      const reached = status === "idle" ? Math.max(...states.map((state) => state.clock)) : clock;
      return [node, { clock: reached, status }];
    }),
  );
}

/**
 * The clock of several inputs together: the minimum of the live ones; the highest of all once all have ended; where
 * none is live but some are only idle, it stays. No inputs are like ended ones. It never goes back. Combining
 * combined clocks gives the same as combining all at once, so it may be done per source, per shard and per operator.
 *
 * The end of all time (+∞, sent when an input is drained) counts only once every input has sent it: an input that has
 * ended may still hand on what its own end of time makes it emit.
 */
export function combine(inputs: readonly InputClock[], previous: Time): InputClock {
  let lowest = Number.POSITIVE_INFINITY;
  let highest: Time = BEGINNING;
  let [live, idle, drained] = [false, false, inputs.length > 0];
  for (const { clock, status } of inputs) {
    if (status === "live") live = true;
    if (status === "live" && clock < lowest) lowest = clock;
    if (status === "idle") idle = true;
    if (clock !== Number.POSITIVE_INFINITY) drained = false;
    if (clock > highest && clock !== Number.POSITIVE_INFINITY) highest = clock;
  }
  if (drained) return { clock: Number.POSITIVE_INFINITY, status: "ended" };
  if (live) return { clock: Math.max(lowest, previous), status: "live" };
  if (idle) return { clock: previous, status: "idle" };
  return { clock: Math.max(highest, previous), status: "ended" };
}
