import { stat } from "node:fs/promises";
import { basename, dirname, join, relative, resolve, sep } from "node:path";
import { DataflowError } from "@df/core";
import { walk } from "./walk.ts";

const WILDCARD = /[*?{]/;

/**
 * The files that match, by split id, in the order of the ids. A file that several patterns match counts for the first.
 * @throws DF_PATH for a directory, and for two files with the same id; DF_FILE for what cannot be looked at
 */
export async function findFiles(
  patterns: readonly string[],
  directory: string,
): Promise<ReadonlyMap<string, string>> {
  const found = new Map<string, string>();
  const paths = new Set<string>();
  for (const pattern of patterns) {
    const { prefix, rest } = await divided(resolve(directory, pattern));
    for (const path of rest === undefined ? [prefix] : await matching(prefix, rest)) {
      if (paths.has(path)) continue;
      paths.add(path);
      const id = (rest === undefined ? basename(path) : relative(prefix, path)).split(sep).join("/");
      const other = found.get(id);
      if (other !== undefined) {
        throw new DataflowError(
          "DF_PATH",
          `${other} and ${path} would both be the split "${id}". Name them by one pattern, like "**/${basename(id)}", ` +
            "from a directory above both.",
        );
      }
      found.set(id, path);
    }
  }
  return new Map([...found].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** A pattern as the directory without wildcards and the rest below it; of a plain file there is no rest. */
async function divided(pattern: string): Promise<{ prefix: string; rest?: string }> {
  const kind = await kindOf(pattern);
  if (kind === "file") return { prefix: pattern };
  if (kind === "directory") {
    throw new DataflowError(
      "DF_PATH",
      `${pattern} is a directory. Say which files in it are meant: "${join(pattern, "*")}".`,
    );
  }
  let prefix = pattern;
  while (WILDCARD.test(prefix)) prefix = dirname(prefix);
  const rest = prefix === pattern ? basename(pattern) : relative(prefix, pattern);
  return { prefix: prefix === pattern ? dirname(pattern) : prefix, rest };
}

/** Plain files only, also behind symbolic links. */
async function matching(prefix: string, rest: string): Promise<string[]> {
  const found: string[] = [];
  for (const path of await walk(prefix, rest)) {
    if ((await kindOf(path)) === "file") found.push(path);
  }
  return found;
}

async function kindOf(path: string): Promise<"file" | "directory" | "none"> {
  try {
    const found = await stat(path);
    return found.isFile() ? "file" : found.isDirectory() ? "directory" : "none";
  } catch (cause) {
    if (cause instanceof Error && "code" in cause && ["ENOENT", "ENOTDIR"].includes(String(cause.code))) {
      return "none";
    }
    throw new DataflowError("DF_FILE", `${path} cannot be looked at. Check its permissions.`, { cause });
  }
}
