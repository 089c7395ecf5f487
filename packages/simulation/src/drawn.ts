/** What the seed decides before anything happens: the input, the pipeline, and how it is run. */
import type { Random } from "@df/testing/random";
import type { LogRecord, Logs } from "./ports/source.ts";

/** A row of the simulated logs. */
export interface Visit {
  readonly id: bigint;
  readonly key: string;
  /** ms since 1970. */
  readonly at: number;
  readonly value: bigint;
}

export type SinkKind = "delta" | "parquet" | "files";

/** What decides the answer. */
export interface Drawn {
  /** Whether the rows themselves go to a table. */
  readonly copy: boolean;
  readonly logs: Readonly<Record<"left" | "right", Logs<Visit>>>;
  /** What the second source is for. */
  readonly second: "nothing" | "union" | "join";
  /** Behind "100d" nothing is late. */
  readonly maxOutOfOrderness: "10m" | "40m" | "100d";
  /** How windows of an hour show their results. */
  readonly hours: "final" | "corrected" | "onUpdate" | "none";
  /** Windows of two hours, each half an hour. */
  readonly sliding: boolean;
  /** Sessions with at most 20 minutes between two rows. */
  readonly visits: "final" | "onUpdate" | "none";
  /** The first row of each id within two hours. */
  readonly first: boolean;
  /** Windows over the results of windows. */
  readonly days: boolean;
  /** Whether records are broken, and rows poisoned for their lambda: what is refused has a table. */
  readonly rejects: boolean;
  /** Whether late rows go to a table. */
  readonly late: boolean;
  readonly view: boolean;
  readonly latest: boolean;
  /** The sink of streams that append. */
  readonly append: SinkKind;
  /** The sink of streams with updates. */
  readonly upsert: Exclude<SinkKind, "parquet">;
  readonly partitioned: boolean;
  readonly batchRows: number;
  readonly checkpointEvery: `${number}ms`;
  readonly commitEvery: { readonly time: `${number}ms`; readonly bytes: number };
  readonly generate: boolean;
  /** Whether state has less memory than it needs. */
  readonly spills: boolean;
}

/** What is not the same in all versions of a pipeline. */
export interface Version {
  /** The column that is summed: another one no longer fits a state. */
  readonly summed: "value" | "id";
  /** What all its steps are called after; the second name is a new one for what had the first. */
  readonly scope: "first" | "second";
  /** With fewer aggregates, and those in another order, a state is migrated. */
  readonly aggregates: "more" | "fewer";
  /** Where tables lie that nobody can set back, below the folder of the host. */
  readonly targets: "" | "again-";
}

/** The version that a history begins with. */
export const FIRST_VERSION: Version = { summed: "value", scope: "first", aggregates: "more", targets: "" };

/** How much later than a newer row an older one may come, ms. */
export const OUT_OF_ORDERNESS_MS = { "10m": 600_000, "40m": 2_400_000, "100d": 8_640_000_000 } as const;
/** Spans of the drawn steps: lateness of changing results, windows, gaps of sessions, distance of copies. */
export const ALLOWED_LATENESS_MS = 1_800_000;
export const HOUR_MS = 3_600_000;
export const GAP_MS = 1_200_000;
export const WITHIN_MS = 7_200_000;
/** Windows that overlap. */
export const SLIDING: { readonly sizeMs: number; readonly everyMs: number } = {
  sizeMs: 7_200_000,
  everyMs: 1_800_000,
};

const ROWS_MIN = 200;
/** Minutes from the first row of a log to its last, about: windows end in between, and the last row is late for all. */
const LOG_MINUTES = 300;
const KEYS = ["a", "b", "c", "d", "__proto__", "../ä=%"];
/** A value whose lambda throws: the row goes to quarantine. */
export const POISON = 7n;

/** Steps that time closes, and what may stand beside one of them: a history has few steps, and there are many. */
const TIMED = ["final", "corrected", "onUpdate", "sliding", "visits", "joined"] as const;
const OTHERS = ["nothing", "copy", "copy", "days", "view", "latest", "first", "union"] as const;

/** Draws a pipeline with its input: at least 200 rows in two splits, a window's end, and a late row. */
export function draw(random: Random): Drawn {
  const timed = pick(random, TIMED);
  const other = pick(random, OTHERS);
  const hours = timed === "sliding" || timed === "visits" || timed === "joined" ? "none" : timed;
  const second = timed === "joined" ? "join" : other === "union" ? "union" : "nothing";
  const rejects = random.oneIn(2);
  const rowsMin = second === "nothing" ? ROWS_MIN : ROWS_MIN / 2;
  return {
    logs: {
      left: logsOf(random, { rowsMin, rejects, firstId: 0n }),
      right: second === "nothing" ? {} : logsOf(random, { rowsMin, rejects, firstId: 1_000_000n }),
    },
    second,
    rejects,
    maxOutOfOrderness: pick(random, ["10m", "40m"]),
    hours,
    late: random.oneIn(2),
    days: hours !== "none" && other === "days",
    sliding: timed === "sliding",
    visits: timed === "visits" ? pick(random, ["final", "onUpdate"]) : "none",
    first: other === "first",
    copy: other === "copy",
    view: other === "view",
    latest: other === "latest",
    append: pick(random, ["delta", "parquet", "files"]),
    upsert: pick(random, ["delta", "delta", "files"]),
    partitioned: random.oneIn(3),
    ...drawPace(random),
  };
}

/** What changes nothing in any table. */
export function drawPace(
  random: Random,
): Pick<Drawn, "batchRows" | "checkpointEvery" | "commitEvery" | "generate" | "spills"> {
  const batchRows = 4 + random.below(80);
  return {
    batchRows,
    // A run of few batches is short, and still to have some checkpoints.
    checkpointEvery: `${Math.ceil((250 + random.below(450)) / batchRows)}ms`,
    commitEvery: { time: `${5 + random.below(80)}ms`, bytes: 200 + random.below(20_000) },
    generate: random.oneIn(8),
    spills: random.oneIn(6),
  };
}

/** What logs are drawn with. */
interface LogsDrawn {
  /** Records of all splits together. */
  readonly rowsMin: number;
  readonly rejects: boolean;
  readonly firstId: bigint;
}

function logsOf(random: Random, { rowsMin, rejects, firstId }: LogsDrawn): Logs<Visit> {
  const splits = 2 + random.below(3);
  const logs: Record<string, LogRecord<Visit>[]> = {};
  for (let split = 0; split < splits; split++) {
    const rows = Math.ceil(rowsMin / splits) + random.below(8);
    const log = { rows, rejects, firstId: firstId + BigInt(split) * 10_000n, firstMs: split * 250 };
    logs[String(split)] = logOf(random, log);
  }
  return logs;
}

/**
 * Times rise by some minutes a row, with rows that are out of order within the bounds and far beyond them. Their
 * milliseconds, from `firstMs` on, tell them apart: no two rows of a source have one time.
 */
function logOf(
  random: Random,
  {
    rows,
    rejects,
    firstId,
    firstMs,
  }: Omit<LogsDrawn, "rowsMin"> & { readonly rows: number; readonly firstMs: number },
): LogRecord<Visit>[] {
  let clock = random.below(HOUR_MS);
  const minutesMean = Math.ceil(LOG_MINUTES / rows);
  return Array.from({ length: rows }, (_, index): LogRecord<Visit> => {
    clock += random.below(2 * minutesMean) * 60_000;
    if (rejects && random.oneIn(40)) return { broken: `{"id": ${index}` };
    const behind =
      index === rows - 1 ? clock : random.oneIn(8) ? random.below(2 * HOUR_MS) : random.below(600_000);
    // An id may come twice: a log that was sent again.
    const id = firstId + BigInt(random.oneIn(30) ? Math.max(0, index - 3) : index);
    const value = rejects && random.oneIn(50) ? POISON : plainValue(random);
    const minute = Math.floor(Math.max(0, clock - behind) / 60_000);
    return { row: { id, key: pick(random, KEYS), at: minute * 60_000 + firstMs + index, value } };
  });
}

/** From −2, which is filtered, to 9, and never the one that is poisoned. */
function plainValue(random: Random): bigint {
  const value = BigInt(random.below(12) - 2);
  return value === POISON ? value + 1n : value;
}

/** One of the items. */
export function pick<const T>(random: Random, items: readonly T[]): T {
  return items[random.below(items.length)] as T;
}
