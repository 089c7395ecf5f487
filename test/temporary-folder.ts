/** One temporary folder for a whole test run, with everything in it that tests and the processes they start leave. */
import { mkdtempSync, readdirSync } from "node:fs";
import { rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileSystemOf, unsafeFor } from "@df/core/checkpoint/file-system";

/** The variables that `tmpdir()` reads, on one system or another. */
const NAMES = ["TMPDIR", "TMP", "TEMP"] as const;
/** Below a longer path the sockets of the tests do not fit into the 104 bytes that some systems take. */
const BASE_BYTES_MAX = 36;

/** Makes the folder before the first worker starts; what it returns ends the run. */
export function setup(): () => Promise<void> {
  return begin(shortEnough(tmpdir()));
}

/** The same below a directory. The folder is new, so removing it takes nothing that was there before. */
export function begin(base: string): () => Promise<void> {
  // On some machines temporary files lie in memory, where a state is refused.
  if (unsafeFor(fileSystemOf(base)) !== undefined) process.env["DATAFLOW_UNSAFE_STATE_FS"] ??= "1";
  const folder = mkdtempSync(join(base, "df-"));
  for (const name of NAMES) process.env[name] = folder;
  // What the command compiled at its first start serves all others of this run.
  process.env["NODE_COMPILE_CACHE"] = join(folder, "compiled");
  return async () => {
    // Vitest sets the exit code before it calls this.
    const failed = process.exitCode === 1;
    if (failed && readdirSync(folder).length > 0)
      process.stderr.write(`What the tests wrote is kept in ${folder}\n`);
    // Not at once: who waits for the last workers would be held up, and take them for stuck.
    else await rm(folder, { recursive: true, force: true, maxRetries: 3 });
  };
}

/** A directory that leaves room for the paths of sockets. */
export function shortEnough(base: string): string {
  return process.platform === "win32" || Buffer.byteLength(base) <= BASE_BYTES_MAX ? base : "/tmp";
}
