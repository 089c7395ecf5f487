import { constants } from "node:os";
import { EXIT } from "./exit.ts";

/** A clean stop at the first SIGINT or SIGTERM; the second ends the process at once, and the next run recovers. */
export function stopSignals(): { readonly signal: AbortSignal; abort(): void; code(): number } {
  const controller = new AbortController();
  let code: number = EXIT.ok;
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      const number = 128 + constants.signals[name];
      if (code !== EXIT.ok) process.exit(number);
      code = number;
      controller.abort();
    });
  }
  return { signal: controller.signal, abort: () => controller.abort(), code: () => code };
}
