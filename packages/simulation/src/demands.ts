/** What each history is to have, and what its seed has drawn: counted, so that a report says what was met. */
import { late, windowEnds } from "./answer.ts";
import type { Drawn } from "./drawn.ts";

const ROWS_MIN = 200;
const SPLITS_MIN = 2;
const CHECKPOINTS_MIN = 3;

/** What a history lacks: none of them may. */
export function lacking(
  drawn: Drawn,
  { checkpoints, faults }: { readonly checkpoints: number; readonly faults: number },
): string[] {
  const logs = [...Object.values(drawn.logs.left), ...Object.values(drawn.logs.right)];
  const rows = logs.reduce((sum, log) => sum + log.length, 0);
  return [
    ...(rows < ROWS_MIN ? [`${ROWS_MIN} rows`] : []),
    ...(logs.length < SPLITS_MIN ? [`${SPLITS_MIN} splits`] : []),
    ...(checkpoints < CHECKPOINTS_MIN ? [`${CHECKPOINTS_MIN} checkpoints`] : []),
    ...(faults === 0 ? ["a fault"] : []),
    ...(windowEnds(drawn) === 0 ? ["a window's end"] : []),
    ...(late(drawn) === 0 ? ["a late row"] : []),
  ];
}

/** The pipeline of a seed, in words. */
export function wordsOf(drawn: Drawn): string[] {
  const { hours, visits, second, append, upsert } = drawn;
  const flags = [
    "sliding",
    "first",
    "days",
    "copy",
    "view",
    "latest",
    "late",
    "rejects",
    "generate",
    "spills",
  ] as const;
  return [
    ...(hours === "none" ? [] : [`hours ${hours}`]),
    ...(visits === "none" ? [] : [`visits ${visits}`]),
    ...(second === "nothing" ? [] : [second]),
    `append ${append}`,
    `upsert ${upsert}`,
    ...flags.filter((flag) => drawn[flag]),
    ...(drawn.partitioned && drawn.copy ? ["partitioned"] : []),
  ];
}
