/** What may go wrong in a simulation, and when it strikes. */
import type { Random } from "@df/testing/random";
import { pick } from "./drawn.ts";
import { PHASES, type Phase } from "./world.ts";

/** Faults that a pipeline comes through with the full answer. */
export const HARMLESS = [
  "kill",
  "power loss",
  "pause and twin",
  "twin without a lock",
  "disk full",
  "input/output error",
  "lost answer",
  "slow store",
  "clock jump",
  "clean stop",
  "foreign commit",
  "foreign compaction",
  "changed pipeline",
] as const;

/** Faults at which it may have to refuse: tables then show a part of the answer, and nothing twice. */
export const REFUSED = ["copied state", "older backup", "table set back"] as const;

/** What an operator does, and what the pipeline comes through with the full answer as well. */
export const LINEAGES = ["child in place", "child elsewhere", "rewind", "lost state"] as const;
export const CHANGES = ["rename", "migration"] as const;

/** What somebody else does to a table. */
const FOREIGN = ["foreign commit", "foreign compaction", "table set back"] as const;

export type LineageKind = (typeof LINEAGES)[number];

export type FaultKind =
  | (typeof HARMLESS)[number]
  | (typeof REFUSED)[number]
  | (typeof CHANGES)[number]
  | LineageKind
  | "savepoint";

/** Whether from then on another state writes to the tables. */
export function isLineage(kind: FaultKind): kind is LineageKind {
  return LINEAGES.some((lineage) => lineage === kind);
}

export type ForeignKind = (typeof FOREIGN)[number];

/** Whether somebody else does it. */
export function isForeign(kind: FaultKind): kind is ForeignKind {
  return FOREIGN.some((foreign) => foreign === kind);
}

/** A fault that strikes at an action of some phase, before or after it has its effect. */
export interface Fault {
  readonly kind: FaultKind;
  readonly phase: Phase;
  readonly moment: "before" | "after";
  /** Actions of that phase that it lets pass. */
  skip: number;
}

/** The codes of refusals that name a target which does not continue the state. */
export const REFUSALS: ReadonlySet<string> = new Set([
  "DF_SINK_AHEAD",
  "DF_SINK_BEHIND",
  "DF_SINK_OTHER_LINEAGE",
  "DF_SINK_ROLLED_BACK",
  "DF_SINK_REPLACED",
]);

/** Codes at which a state is to be brought to where its targets are. */
export const BEHIND: ReadonlySet<string> = new Set(["DF_SINK_AHEAD", "DF_SINK_OTHER_LINEAGE"]);

/** Faults of a simulation, in the order in which they strike. */
export function drawFaults(random: Random): Fault[] {
  const count = 5 + random.below(9);
  const faults = Array.from({ length: count }, () => drawFault(random, pick(random, HARMLESS)));
  const insert = (kind: FaultKind): void => {
    faults.splice(random.below(faults.length), 0, drawFault(random, kind));
  };
  const theme = pick(random, ["refused", "refused", "refused", "lineage", "lineage", "change"]);
  if (theme === "refused") insert(pick(random, REFUSED));
  else if (theme === "change") for (const kind of CHANGES) insert(kind);
  else if (theme === "lineage") {
    faults.length = 4 + random.below(2);
    // What begins from a savepoint waits until there is one.
    insert(pick(random, LINEAGES));
    for (let savepoints = 1 + random.below(2); savepoints > 0; savepoints--)
      faults.unshift(drawFault(random, "savepoint"));
  }
  return faults;
}

function drawFault(random: Random, kind: FaultKind): Fault {
  return {
    kind,
    // A disk that is full does not hinder who reads.
    phase: pick(random, kind === "disk full" ? PHASES.slice(1) : PHASES),
    moment: pick(random, ["before", "after"]),
    skip: random.below(3),
  };
}
