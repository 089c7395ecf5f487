/** Names that the engine makes up are drawn from the seed, and its turns of the event loop are none here. */
import crypto from "node:crypto";
import { syncBuiltinESMExports } from "node:module";
import timers from "node:timers/promises";
import type { Random } from "@df/testing/random";

let random: Random | undefined;

/** From now on `randomUUID()` gives what the seed gives. */
export function drawIdsFrom(seeded: Random): void {
  if (random === undefined) {
    crypto.randomUUID = () => {
      const hex = Array.from({ length: 8 }, () =>
        (random?.below(0x10000) ?? 0).toString(16).padStart(4, "0"),
      );
      const [a, b, c, d, e, f, g, h] = hex;
      return `${a}${b}-${c}-${d}-${e}-${f}${g}${h}`;
    };
    timers.setImmediate = (<T>(value: T) => Promise.resolve(value)) as typeof timers.setImmediate;
    syncBuiltinESMExports();
  }
  random = seeded;
}
