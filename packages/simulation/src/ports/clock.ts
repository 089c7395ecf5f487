import type { WallClock } from "@df/core/runtime/clock-port";
import type { Process, World } from "../world.ts";

/** The clock of a simulated process: time passes when the world says so. */
export function simulatedClock(world: World, process: Process): WallClock {
  return {
    now: () => world.now,
    sleep: (ms, signal) =>
      new Promise((resolve) => {
        if (signal.aborted) return resolve();
        const wake = world.wait(process, "sleep", ms, resolve);
        signal.addEventListener("abort", wake, { once: true });
      }),
    yield: () => new Promise((resolve) => void world.wait(process, "yield", 0, resolve)),
  };
}
