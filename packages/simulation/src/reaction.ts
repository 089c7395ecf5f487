/** What becomes of a host whose run, or whose adoption, has failed. */
import { DataflowError } from "@df/core";
import type { Drawn } from "./drawn.ts";
import { BEHIND, type FaultKind, isLineage, REFUSALS, REFUSED } from "./faults.ts";
import type { Host } from "./host.ts";
import { isInjected } from "./ports/store.ts";
import type { Process } from "./world.ts";

/** In which something has failed. */
export interface Circumstances {
  readonly host: Host;
  readonly process: Process;
  /** Whether it was started with a plan that does not fit. */
  readonly changed: boolean;
  readonly kinds: ReadonlySet<FaultKind>;
  readonly drawn: Drawn;
}

/** `again`: with what is next anyway. `adopt from before`: with the state as it was before its adoption was begun. */
export type Reaction = "again" | "run" | "adopt" | "adopt from before" | "refused" | "violation";

/** Codes that say that sources do not make what targets show. */
const DIFFERING: ReadonlySet<string> = new Set(["DF_ADOPT_SOURCE", "DF_ADOPT_DIFFERS"]);

/** What is done after a failure that faults explain; a violation for any other. */
export function reactionTo(thrown: unknown, circumstances: Circumstances): Reaction {
  const { host, process, changed, kinds } = circumstances;
  const code = thrown instanceof DataflowError ? thrown.code : "none";
  if (isInjected(thrown)) return "again";
  if (code === "DF_ALREADY_RUNNING" && kinds.has("pause and twin")) return "again";
  // One that was overtaken may also learn it from a target, or find that another one has adopted what it is about to.
  const isOvertaken = process !== host.newest && (REFUSALS.has(code) || code.startsWith("DF_ADOPT_"));
  const isFenced = code === "DF_FENCED" || isOvertaken;
  if (isFenced && host.directory.unlocked) return "again";
  if (host.next !== "run") return reactionToAdoption(code, circumstances);
  if (changed && code === "DF_PLAN_CHANGED") return "again";
  if (code === "DF_ADOPT_UNFINISHED" && host.adopts !== undefined) return "adopt";
  // What others had sent may have arrived when the state had read on: it begins again.
  if (BEHIND.has(code) && host.adopts !== undefined) return "adopt from before";
  if (REFUSALS.has(code) && REFUSED.some((kind) => kinds.has(kind))) return "refused";
  return "violation";
}

function reactionToAdoption(code: string, { host, kinds, drawn }: Circumstances): Reaction {
  // Positions of lineages that went on beside each other need not follow one another.
  if (host.diverged && host.next === "adopt" && DIFFERING.has(code)) return "refused";
  switch (code) {
    // The process before has ended it, and died before it could say so; or there is nothing yet.
    case "DF_ADOPT_NOTHING":
      return "run";
    // What others had sent has arrived meanwhile.
    case "DF_ADOPT_MOVED":
      return "adopt from before";
    case "DF_ADOPT_DIFFERS":
      if (host.next === "trying") return "adopt from before";
      // Such files keep each change, and how many there are depends on the pace.
      return drawn.upsert === "files" ? "refused" : "violation";
    default:
      if (host.next === "trying" && code === "DF_PLAN_CHANGED") return "adopt from before";
      return REFUSALS.has(code) && !isLineageOnly(kinds) ? "refused" : "violation";
  }
}

/** Whether nothing has struck at which a pipeline may have to refuse. */
function isLineageOnly(kinds: ReadonlySet<FaultKind>): boolean {
  return [...kinds].some(isLineage) && !REFUSED.some((kind) => kinds.has(kind));
}
