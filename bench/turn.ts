/**
 * One side of a benchmark, in a process that processes.ts starts: takes a turn whenever it is told to, until nobody is
 * there to tell it.
 *
 *     node bench/turn.ts NAME SIDE
 */
import { benchmarkOf } from "./all.ts";
import type { Side } from "./benchmark.ts";
import type { Turn } from "./rounds.ts";

const [name = "", side] = process.argv.slice(2);
const { cold, open } = await benchmarkOf(name);
const before = cpuNanos();
const sides = await open();
const opening = cpuNanos() - before;

/** A cold turn has cost all that the process has, but for the input. */
async function turn(): Promise<Turn> {
  const start = cold ? opening : cpuNanos();
  const done = await sides[side as Side]();
  return { ...done, cpuNanos: cpuNanos() - start };
}

/** CPU time of this process so far, all threads. */
function cpuNanos(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) * 1000;
}

process.on("message", () => {
  void turn().then((taken) => process.send?.(taken));
});
process.on("disconnect", () => {
  sides.close?.();
  process.exit();
});
process.send?.("ready");
