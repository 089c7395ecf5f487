/**
 * `pnpm sim [--runs N] [--inputs N] [--seed S] [--jobs J] [--minutes M] [--trace] [--faults 0,3]`: runs N histories that
 * have all that one is to have, of one seed after the other, and reads the inputs of so many in several ways: 500, or
 * as many as there is time for where M is given. After M minutes no other history is begun. Exits with 0 if nothing was
 * violated; the last line is `N runs, N faults, N events, N kinds of fault, N violations`, and the error output has such
 * a line each minute.
 */
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { Worker } from "node:worker_threads";
import { keepCompiledCode } from "./compiled-code.ts";
import type { SimJob, SimMessage } from "./sim-worker.ts";
import { END } from "./faults.ts";
import { counted, Totals } from "./totals.ts";
import { Violation } from "./verdict.ts";
import { PHASES } from "./world.ts";

/** Violations from which on nothing more is learned. */
const VIOLATIONS_MAX = 5;
const MINUTE_MS = 60_000;

const { values } = parseArgs({
  options: {
    runs: { type: "string" },
    inputs: { type: "string", default: "0" },
    seed: { type: "string", default: "1" },
    jobs: { type: "string", default: String(availableParallelism()) },
    minutes: { type: "string", default: "Infinity" },
    faults: { type: "string" },
    trace: { type: "boolean", default: false },
  },
});
const faults = values.faults?.split(",").filter(Boolean).map(Number);
const totals = new Totals();
const violated: number[] = [];

keepCompiledCode();
if (values.trace || faults !== undefined) await tell(Number(values.seed), values.trace);
else await runAll();
process.stdout.write(`${reached()}\n`);
process.exitCode = violated.length === 0 ? 0 : 1;

/** The counts so far. */
function reached(): string {
  const { faults: struck, kinds } = totals.counted();
  return `${totals.runs} runs, ${struck} faults, ${totals.events} events, ${kinds} kinds of fault, ${violated.length} violations`;
}

/** One seed, in this thread. */
async function tell(seed: number, traced: boolean): Promise<void> {
  // Where threads do the work, this one needs no engine.
  const { simulate } = await import("./simulation.ts");
  try {
    const history = await simulate(seed, { traced, faults });
    totals.add(history);
    for (const line of history.trace) process.stdout.write(`${line}\n`);
    process.stdout.write(`trace ${history.traceHash}\n`);
  } catch (thrown) {
    if (!(thrown instanceof Violation)) throw thrown;
    violated.push(seed);
    for (const line of thrown.place?.trace ?? []) process.stdout.write(`${line}\n`);
    process.stdout.write(`violation: ${thrown.message}\nfaults: ${thrown.place?.struck.join(", ")}\n`);
  }
}

async function runAll(): Promise<void> {
  const [inputs, jobs] = [Number(values.inputs), Number(values.jobs)];
  const runs = Number(values.runs ?? (values.minutes === "Infinity" ? 500 : Infinity));
  const first = Number(values.seed);
  const countOf = (all: number, job: number): number => Math.ceil((all - job) / jobs);
  const untilMs = Date.now() + Number(values.minutes) * MINUTE_MS;
  const telling = setInterval(() => process.stderr.write(`${reached()} so far\n`), MINUTE_MS);
  await Promise.all(
    Array.from({ length: jobs }, (_, job) =>
      onThread({
        first: first + job,
        step: jobs,
        runs: Math.max(0, countOf(runs, job)),
        inputs: Math.max(0, countOf(inputs, job)),
        untilMs,
      }),
    ),
  );
  clearInterval(telling);
  for (const line of totals.matrix([...PHASES, "spill", END])) process.stdout.write(`${line}\n`);
  process.stdout.write(`drawn: ${counted(totals.drawn)}\n`);
  process.stdout.write(`lacking: ${counted(totals.lacks) || "nothing"}\n`);
  process.stdout.write(`${totals.cases} metamorphic cases\n`);
  process.stdout.write(
    `${totals.checkpoints} checkpoints; ${totals.adoptions} adoptions; ${totals.refused} runs ended with a refusal\n`,
  );
  for (const seed of violated.slice(0, VIOLATIONS_MAX)) await explain(seed);
}

function onThread(job: SimJob): Promise<void> {
  const worker = new Worker(new URL("./sim-worker.ts", import.meta.url), { workerData: job });
  return new Promise((resolve, reject) => {
    worker.on("message", (message: SimMessage) => {
      if (message.kind === "history") totals.add(message.history);
      else if (message.kind === "cases") totals.cases += message.count;
      else {
        totals.runs++;
        violated.push(message.seed);
        if (violated.length >= VIOLATIONS_MAX) void worker.terminate();
      }
    });
    worker.on("error", reject);
    worker.on("exit", () => resolve());
  });
}

/** A violation with as few faults as it needs, and the command that shows it again. */
async function explain(seed: number): Promise<void> {
  const { shrink, violationOf } = await import("./shrink.ts");
  const violation = await violationOf(seed, {});
  if (violation === undefined) throw new Violation(`seed ${seed} violates nothing when it is run again`);
  const shrunk = await shrink(violation);
  process.stdout.write(
    `violation: ${shrunk.violation.message}\n  faults: ${shrunk.violation.place?.struck.join(", ")}\n` +
      `  repeat with: pnpm sim --seed ${seed} --faults ${shrunk.faults.join(",") || ","} --trace\n`,
  );
}
