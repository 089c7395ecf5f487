/** What may go wrong in a simulation, and when it strikes. */
import type { Random } from "@df/testing/random";
import { type Drawn, pick } from "./drawn.ts";
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

/** Where a fault has struck when the pipeline had come to its end. */
export const END = "end";

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

/** Faults that end no process: they are drawn twice as often as the others, since a start is what costs most. */
const LIGHT = ["lost answer", "slow store", "clock jump", "foreign commit", "foreign compaction"] as const;
/** What a disk answers. */
const OF_DISKS = ["disk full", "input/output error"] as const;

/** Each kind at each phase: a history is aimed at one of them, by its seed, or the rare ones would hardly be met. */
const AIMS: readonly Pick<Fault, "kind" | "phase">[] = [
  ...HARMLESS,
  ...REFUSED,
  ...LINEAGES,
  ...CHANGES,
  "savepoint" as const,
].flatMap((kind) => PHASES.map((phase) => ({ kind, phase })));

/** Faults of the history of a seed, in the order in which they strike. */
export function drawFaults(random: Random, seed: number, drawn: Drawn): Fault[] {
  const aim = AIMS[seed % AIMS.length] as Pick<Fault, "kind" | "phase">;
  const possible = [...HARMLESS, ...LIGHT].filter((kind) => !isForeign(kind) || hasDelta(drawn));
  const faults = Array.from({ length: 6 + random.below(8) }, () => drawFault(random, pick(random, possible)));
  addThemed(faults, aim.kind, random);
  // The aim takes the place of one of its kind, and of its phase it comes first.
  const place = faults.findIndex(({ kind }) => kind === aim.kind);
  if (place >= 0) faults.splice(place, 1);
  faults.unshift({ ...drawFault(random, aim.kind), phase: aim.phase, skip: random.below(2) });
  if (drawn.spills && random.oneIn(2))
    faults.push({ ...drawFault(random, pick(random, OF_DISKS)), phase: "spill", skip: random.below(12) });
  return faults;
}

/** Adds what histories of one theme have in common: the one of the kind that is aimed at, if it has one. */
function addThemed(faults: Fault[], aimed: FaultKind, random: Random): void {
  const insert = (kind: FaultKind): void => {
    faults.splice(random.below(faults.length), 0, drawFault(random, kind));
  };
  const theme =
    themeOf(aimed) ?? pick(random, ["refused", "refused", "refused", "lineage", "lineage", "change"]);
  if (theme === "refused") insert(isOneOf(REFUSED, aimed) ? aimed : pick(random, REFUSED));
  else if (theme === "change") for (const kind of CHANGES) insert(kind);
  else {
    faults.length = 5 + random.below(2);
    // What begins from a savepoint waits until there is one.
    insert(isLineage(aimed) ? aimed : pick(random, LINEAGES));
    for (let savepoints = 1 + random.below(2); savepoints > 0; savepoints--)
      faults.unshift({ ...drawFault(random, "savepoint"), skip: 0 });
  }
}

function hasDelta({ append, upsert }: Drawn): boolean {
  return append === "delta" || upsert === "delta";
}

function themeOf(kind: FaultKind): "refused" | "lineage" | "change" | undefined {
  if (isOneOf(REFUSED, kind)) return "refused";
  if (isOneOf(CHANGES, kind)) return "change";
  return isLineage(kind) || kind === "savepoint" ? "lineage" : undefined;
}

function isOneOf<const Kind extends FaultKind>(kinds: readonly Kind[], kind: FaultKind): kind is Kind {
  return kinds.some((one) => one === kind);
}

function drawFault(random: Random, kind: FaultKind): Fault {
  return {
    kind,
    phase: pick(random, PHASES),
    moment: pick(random, ["before", "after"]),
    skip: random.below(3),
  };
}
