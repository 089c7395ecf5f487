/**
 * Measures what we take in CPU time beside a reference that does the same work in the same run, and compares both with
 * the ratios in baseline.json. Ends with 1 if one of them has become more than three times as large.
 *
 *     pnpm bench [--short] [--rounds N] [--save] [--list] [NAME…]
 *
 * A name stands for all benchmarks that contain it. `--short` runs a part of them in few rounds, as a test does.
 * `--save` stores what was found in baseline.json, whatever it is.
 */
import { parseArgs } from "node:util";
import { allBenchmarks } from "./all.ts";
import { readBaseline, saveBaseline } from "./baseline.ts";
import { chosen, roundsOf } from "./choice.ts";
import { measureAll } from "./measure-all.ts";
import { measureApart } from "./processes.ts";

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    short: { type: "boolean", default: false },
    rounds: { type: "string" },
    save: { type: "boolean", default: false },
    list: { type: "boolean", default: false },
  },
});
const benchmarks = chosen(await allBenchmarks(), positionals, values.short);
if (values.list) for (const { name } of benchmarks) console.log(name);
else {
  const { measured, failed } = await measureAll(benchmarks, {
    measure: (benchmark) => measureApart(benchmark, roundsOf(benchmark, values)),
    baseline: readBaseline(),
    print: (line) => console.log(line),
  });
  if (values.save) saveBaseline(measured, new Date());
  else if (failed) process.exitCode = 1;
}
