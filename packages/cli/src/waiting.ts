import { inWords, isoTime } from "@df/core";
import type { HeldBy, Waiting } from "@df/core/checkpoint/records";
import { counted } from "./counted.ts";

/** A split that is behind and silent for longer is called silent: before, it may be read at this moment. */
const SILENT_MICROS = 2_000_000;

/** Why a step gives nothing yet, as one line for a person. `drains`: the run might have ended with --drain. */
export function waitingLine(waiting: Waiting, drains: boolean): string {
  const { rows, windows, sessions } = waiting;
  const open = windows + sessions;
  const isHeld = open === 0;
  const [are, them] = (isHeld ? rows : open) === 1 ? ["is", "it"] : ["are", "them"];
  const what = isHeld
    ? `${counted(rows, "row")} of "${waiting.node}" ${are} held until the clock has passed ${them}`
    : `${openOf(waiting)} of "${waiting.node}" ${are} still open`;
  const wayOn = drains ? `; --drain ${isHeld ? "gives" : "closes"} ${them} when the input ends` : "";
  return `${what}${wayOn}. ${reasonOf(waiting)}`;
}

/** The same in a few words, for a screen: what is open, and what closes the first of it. */
export function waitingBriefly(waiting: Waiting): string {
  const { node, heldBy } = waiting;
  const what = `${node}: ${openOf(waiting)}`;
  switch (heldBy.kind) {
    case "end":
    case "split": {
      const row = heldBy.needs === null ? "newer rows" : `a row of ${isoTime(heldBy.needs)}`;
      const where = heldBy.kind === "end" ? "" : ` in ${splitOf(heldBy)}`;
      return `${what}, wait for ${row}${where}${lagOf(heldBy)}`;
    }
    case "step":
      return `${what}, wait for "${heldBy.node}", which still holds rows`;
    case "silence":
      return `${what}, wait for any row: every split is silent`;
  }
}

/** What is open at a step, in numbers: "4 windows". */
export function openOf({ rows, windows, sessions }: Waiting): string {
  const all = [
    ...(windows > 0 ? [counted(windows, "window")] : []),
    ...(sessions > 0 ? [counted(sessions, "session")] : []),
  ];
  return all.length > 0 ? all.join(" and ") : `${counted(rows, "row")} held`;
}

/** What the clock of a step waits for, in sentences. The clock also shows a wrong unit of time: it is in 1970 then. */
function reasonOf({ clock, heldBy }: Waiting): string {
  const at = clock === null ? "there is no clock yet" : `the clock is at ${isoTime(clock)}`;
  switch (heldBy.kind) {
    case "end":
      return `${next(heldBy)}; ${at}.`;
    case "split":
      return `${next(heldBy)} in ${splitOf(heldBy)}; ${at}.${behindOf(heldBy)}`;
    case "step":
      return `It waits for "${heldBy.node}", which still holds rows; ${at}.`;
    case "silence":
      return `Every split is silent: the next row moves the clock on; ${at}.`;
  }
}

function next({ needs }: { readonly needs: number | null }): string {
  return needs === null ? "Newer rows move it on" : `The first goes with a row of ${isoTime(needs)} or later`;
}

/** A split with the source that reads it. Names of files may hold anything, so they are escaped. */
function splitOf({ source, split }: { readonly source: string; readonly split: string }): string {
  return `split ${JSON.stringify(split)} of "${source}"`;
}

/** Why it is this split, where there are others, and what lets it go. */
function behindOf(held: HeldBy & { readonly kind: "split" | "end" }): string {
  const { behind, silent, idleTimeout } = held;
  if (behind === 0) return "";
  const far = behind === null ? "has shown no row yet" : `is ${inWords(behind)} behind the furthest`;
  if (silent < SILENT_MICROS) return ` This split ${far}.`;
  const letGo =
    idleTimeout === null
      ? `an idleTimeout in p.from("${held.source}") lets silent splits go`
      : `the idleTimeout lets it go after ${inWords(idleTimeout)}`;
  return ` This split ${far}, silent for ${inWords(silent)}: ${letGo}.`;
}

function lagOf({ behind, silent }: HeldBy & { readonly kind: "split" | "end" }): string {
  if (behind === 0) return "";
  const far = behind === null ? "no row yet" : `${inWords(behind)} behind`;
  return silent < SILENT_MICROS ? `, ${far}` : `, ${far}, silent for ${inWords(silent)}`;
}
