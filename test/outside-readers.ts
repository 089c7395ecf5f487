/** Tables as readers see them that others wrote. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { readersPython, straceReader } from "../scripts/readers.ts";
import { root } from "./command.ts";

const found = readersPython();

/**
 * Why the outside readers are missing; undefined when they are there. Tests that need them are then skipped by name.
 */
export const missingReaders: string | undefined = "missing" in found ? found.missing : undefined;

const strace = straceReader();

/** Why there is no strace that may trace; undefined where there is. */
export const missingStrace: string | undefined = "missing" in strace ? strace.missing : undefined;

/** Runs one of the Python scripts of the tests and gives its lines. */
export function python(script: string, ...given: readonly string[]): string[] {
  if ("missing" in found) throw new Error(`outside readers: ${found.missing}`);
  const output = execFileSync(found.python, ["-B", join(root, script), ...given], {
    encoding: "utf8",
    maxBuffer: 1 << 28,
  });
  return output.trimEnd().split("\n");
}

/** All rows of a Delta table, read by delta-rs: one line of canonical JSON each, sorted. */
export function deltaRows(path: string, ...given: readonly string[]): string[] {
  return python("test/interop/delta_reader.py", path, ...given).filter((line) => line !== "");
}

/** The newest version of a Delta table, read from its log. */
export function deltaVersion(path: string): number {
  return Number(python("test/interop/delta_version.py", path)[0]);
}
