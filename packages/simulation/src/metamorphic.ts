/**
 * One input, read in several ways: other batches, shards, schedules, checkpoints and deliveries, and, where nothing can
 * be late, other logs. What tables then have is compared by its content hash, so no oracle has a part in it.
 */
import { committerFactory } from "@df/connectors/memory/committer";
import { dropMemoryTarget } from "@df/connectors/memory/target";
import type { CommitterFactory, Plan } from "@df/core";
import type { RunReport } from "@df/core/runtime/report";
import { run } from "@df/core/runtime/run";
import { Random } from "@df/testing/random";
import { readBy, someOf } from "./cluster.ts";
import { type Drawn, draw, drawPace, FIRST_VERSION, pick, type Visit } from "./drawn.ts";
import { drawnPipeline } from "./pipeline.ts";
import { simulatedClock } from "./ports/clock.ts";
import { drawIdsFrom } from "./ports/ids.ts";
import type { LogRecord, Logs } from "./ports/source.ts";
import { StateDirectory } from "./ports/state.ts";
import { lastOf } from "./tables.ts";
import { Violation } from "./verdict.ts";
import { Process, World } from "./world.ts";

/** Records of a log. */
const LOG_ROWS = 24;

/** Content hash by table; undefined where nothing was delivered. */
type Contents = Readonly<Record<string, string | undefined>>;

/**
 * Reads the input of a seed once, and in `ways` other ways. Returns how often two contents were compared.
 * @throws Violation where they differ
 */
export async function compareWays(seed: number, ways: number): Promise<number> {
  const random = new Random(seed);
  const drawn = draw(random);
  const isTimely = random.oneIn(2);
  const logs = { left: shortened(drawn.logs.left), right: shortened(drawn.logs.right) };
  const first: Drawn = { ...drawn, logs, ...(isTimely ? { maxOutOfOrderness: "100d" } : {}) };
  const expected = await contentsOf(first, seed);
  for (let way = 1; way <= ways; way++) {
    const other = { ...first, ...drawPace(random) };
    const others = { left: dealt(logs.left, random), right: dealt(logs.right, random) };
    const found = await contentsOf(isTimely ? { ...other, logs: others } : other, seed * 1000 + way);
    for (const table of Object.keys(expected)) {
      // Its rows say where they were read.
      if (isTimely && table === "rejected") continue;
      if (expected[table] === found[table]) continue;
      throw new Violation(
        `seed ${seed}, way ${way}: table "${table}" has the content ${found[table]}, and first had ${expected[table]}`,
      );
    }
  }
  return ways;
}

/** The beginning of each log: many short inputs find more than few long ones. */
function shortened(logs: Logs<Visit>): Logs<Visit> {
  return Object.fromEntries(Object.entries(logs).map(([split, log]) => [split, log.slice(0, LOG_ROWS)]));
}

/** The records of all logs, dealt to another number of logs. */
function dealt(logs: Logs<Visit>, random: Random): Logs<Visit> {
  const records = Object.values(logs).flat();
  if (records.length === 0) return logs;
  const others = Array.from({ length: 1 + random.below(5) }, (): LogRecord<Visit>[] => []);
  for (const record of records) pick(random, others).push(record);
  return Object.fromEntries(others.map((log, split) => [String(split), log]));
}

/** Runs a pipeline to its end in a world without faults, with tables that know nothing but their content. */
async function contentsOf(drawn: Drawn, seed: number): Promise<Contents> {
  const world = new World(seed);
  const { random } = world;
  drawIdsFrom(random);
  const process = new Process(1, "a");
  const directory = new StateDirectory(() => new Map());
  const tables = new Set<string>();
  const plan: Plan = readBy(drawnPipeline(drawn, FIRST_VERSION).build(), { world, process, drawn });
  const table: CommitterFactory = {
    open: (options, context) => {
      const { path } = options as { readonly path: string };
      tables.add(path);
      return committerFactory.open({ name: path }, context);
    },
  };
  let ended: RunReport | undefined;
  let failure: unknown;
  run(plan, {
    stateDirectory: "a",
    directory: "/",
    connectors: { delta: table, parquet: table, files: table },
    parallelism: pick(random, [1, 2, 3, 4, 7]),
    generate: drawn.generate,
    clock: simulatedClock(world, process),
    openState: (_, pipeline) => directory.open(world, process, pipeline),
    ...(random.oneIn(2) ? { shuffle: (runners) => someOf(random, runners) } : {}),
  }).then(
    (report) => (ended = report),
    (thrown: unknown) => (failure = thrown),
  );
  while (ended === undefined && failure === undefined) await world.step(() => true);
  directory.close();
  for (const name of tables) dropMemoryTarget(name);
  if (ended === undefined) throw failure;
  return Object.fromEntries(ended.sinks.map(({ sink, contentHash }) => [lastOf(sink), contentHash]));
}
