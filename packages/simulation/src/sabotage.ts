/**
 * `pnpm sabotage [--runs N] [--seed S] [--only TEXT] [--passed N]`: breaks the engine in each of the known ways and lets
 * the simulation find it. Exits with 0 if all are found and the whole engine passes the same seeds; the last line is
 * `N of N caught`. A variant that few histories show is tried from a seed of its own on, unless one is given. Seeds from
 * 1 to `--passed` are known to be passed by the whole engine: `pnpm sim --runs N` has run them.
 */
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { keepCompiledCode } from "./compiled-code.ts";
import { VARIANTS } from "./sabotage/variants.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "2000" },
    seed: { type: "string" },
    jobs: { type: "string", default: String(availableParallelism()) },
    only: { type: "string", default: "" },
    passed: { type: "string", default: "0" },
  },
});
keepCompiledCode();
const broken = fileURLToPath(new URL("./sabotage/broken.ts", import.meta.url));
const variants = VARIANTS.filter(({ name }) => name.includes(values.only));
const left = [...variants];
let caught = 0;
/** Histories that the whole engine must pass: how many from which seed. */
const shown = new Map<number, number>();

await Promise.all(Array.from({ length: Number(values.jobs) }, catchSome));
let isSound = true;
for (const [from, runs] of shown) {
  if (from + runs - 1 <= Number(values.passed)) continue;
  const { violation } = await run("", from, runs);
  if (violation === undefined) continue;
  isSound = false;
  process.stdout.write(`the whole engine fails: ${violation}\n`);
}
process.stdout.write(`${caught} of ${variants.length} caught\n`);
process.exitCode = caught === variants.length && isSound ? 0 : 1;

async function catchSome(): Promise<void> {
  for (let variant = left.shift(); variant !== undefined; variant = left.shift()) {
    const from = Number(values.seed ?? variant.from ?? 1);
    const { runs, violation } = await run(variant.name, from, Number(values.runs));
    if (violation === undefined) process.stdout.write(`NOT CAUGHT in ${runs} runs: ${variant.name}\n`);
    else {
      caught++;
      shown.set(from, Math.max(shown.get(from) ?? 0, runs));
      process.stdout.write(
        `caught after ${runs} runs: ${variant.name} (${violation.split("\n")[0] ?? ""})\n`,
      );
    }
  }
}

async function run(
  name: string,
  from: number,
  runs: number,
): Promise<{ readonly runs: number; readonly violation?: string }> {
  const { stdout } = await promisify(execFile)(process.execPath, [broken, name, String(from), String(runs)], {
    maxBuffer: 1 << 26,
  });
  return JSON.parse(stdout) as { runs: number; violation?: string };
}
