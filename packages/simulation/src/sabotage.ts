/**
 * `pnpm sabotage [--runs N] [--seed S] [--only TEXT]`: breaks the engine in each of the known ways and lets the
 * simulation find it. Exits with 0 if all are found and the whole engine passes the same seeds; the last line is
 * `N of N caught`.
 */
import { execFile } from "node:child_process";
import { availableParallelism } from "node:os";
import { fileURLToPath } from "node:url";
import { parseArgs, promisify } from "node:util";
import { VARIANTS } from "./sabotage/variants.ts";

const { values } = parseArgs({
  options: {
    runs: { type: "string", default: "600" },
    seed: { type: "string", default: "1" },
    jobs: { type: "string", default: String(availableParallelism()) },
    only: { type: "string", default: "" },
  },
});
const broken = fileURLToPath(new URL("./sabotage/broken.ts", import.meta.url));
const variants = VARIANTS.filter(({ name }) => name.includes(values.only));
const left = [...variants];
let caught = 0;
let longest = 0;

await Promise.all(Array.from({ length: Number(values.jobs) }, catchSome));
const whole = await run("", longest);
if (whole.violation !== undefined) process.stdout.write(`the whole engine fails: ${whole.violation}\n`);
process.stdout.write(`${caught} of ${variants.length} caught\n`);
process.exitCode = caught === variants.length && whole.violation === undefined ? 0 : 1;

async function catchSome(): Promise<void> {
  for (let variant = left.shift(); variant !== undefined; variant = left.shift()) {
    const { runs, violation } = await run(variant.name, Number(values.runs));
    if (violation === undefined) process.stdout.write(`NOT CAUGHT in ${runs} runs: ${variant.name}\n`);
    else {
      caught++;
      longest = Math.max(longest, runs);
      process.stdout.write(
        `caught after ${runs} runs: ${variant.name} (${violation.split("\n")[0] ?? ""})\n`,
      );
    }
  }
}

async function run(
  name: string,
  runs: number,
): Promise<{ readonly runs: number; readonly violation?: string }> {
  const { stdout } = await promisify(execFile)(process.execPath, [broken, name, values.seed, String(runs)], {
    maxBuffer: 1 << 26,
  });
  return JSON.parse(stdout) as { runs: number; violation?: string };
}
