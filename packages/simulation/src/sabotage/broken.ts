/** `node broken.ts NAME FIRST RUNS`: runs the histories of seeds with a broken engine, until one violates something. */
import { Violation } from "../verdict.ts";
import { breakModules } from "./break.ts";
import { VARIANTS } from "./variants.ts";

const [name, first, runs] = process.argv.slice(2);
const variant = VARIANTS.find((other) => other.name === name);
if (variant !== undefined) breakModules(variant);
// Loaded behind the hooks, or it would be whole.
const { simulate } = await import("../simulation.ts");

let result: { readonly runs: number; readonly violation?: string } = { runs: Number(runs) };
for (let run = 0; run < Number(runs) && result.violation === undefined; run++) {
  try {
    await simulate(Number(first) + run, { tablesOnly: variant !== undefined });
  } catch (thrown) {
    // The module is loaded twice if it is broken itself; the name is the same.
    if (!(thrown instanceof Violation) && (thrown as Error).name !== "Violation") throw thrown;
    result = { runs: run + 1, violation: (thrown as Error).message };
  }
}
process.stdout.write(`${JSON.stringify(result)}\n`);
