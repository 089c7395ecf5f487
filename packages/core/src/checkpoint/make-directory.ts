import { mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Makes a directory, and all that lead to it, where they are missing. Returns the first one that was made, if any was.
 *
 * Node's own `mkdir` with `recursive` tries for ever where a directory is there, and says that it is not when another
 * one is to be made in it: below /proc, in a file system that is not mounted any more, in a directory that was removed.
 * @throws what the system says of the directory that cannot be made
 */
export function makeDirectory(path: string): string | undefined {
  const first = madeIn(path);
  if (first !== "nowhere") return first === "made" ? path : undefined;
  const parent = dirname(path);
  const made = parent === path ? undefined : makeDirectory(parent);
  // What leads to it is there now: one that is still missing is told.
  if (madeIn(path) === "nowhere") mkdirSync(path);
  return made ?? path;
}

/** Makes one directory. "nowhere": what is to hold it is missing. */
function madeIn(path: string): "made" | "there" | "nowhere" {
  try {
    mkdirSync(path);
    return "made";
  } catch (thrown) {
    if ((thrown as NodeJS.ErrnoException).code === "ENOENT") return "nowhere";
    if (isDirectory(path)) return "there";
    throw thrown;
  }
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}
