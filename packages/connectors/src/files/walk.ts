import * as fs from "node:fs/promises";
import { join, sep } from "node:path";
import { DataflowError, reasonOf } from "@df/core";

/** Ends that may pass: there are too many open files at the moment. */
const TRANSIENT: readonly unknown[] = ["EAGAIN", "EMFILE", "ENFILE"];
const WILDCARD = /[*?[]/;

/**
 * Paths below a directory that match a pattern with `*`, `**`, `?`, `[a-z]` and `{a,b}`. Names that begin with a dot
 * are meant only where the pattern has the dot, and wildcards do not go through links to directories. Node's own glob
 * leaves out a directory that cannot be read at this moment, without a word: files would be missing.
 * @throws DF_FILE for a directory that cannot be read, DF_PATH for a range like `{1..3}`
 */
export async function walk(directory: string, pattern: string): Promise<string[]> {
  const found = new Set<string>();
  for (const one of expanded(pattern)) await step(directory, one.split(sep), found);
  return [...found];
}

async function step(directory: string, segments: readonly string[], found: Set<string>): Promise<void> {
  const [segment = "", ...rest] = segments;
  const enter = async (path: string): Promise<void> => {
    if (rest.length === 0) found.add(path);
    else await step(path, rest, found);
  };
  if (segment === "**") {
    // It stands for no directory, too.
    if (rest.length > 0) await step(directory, rest, found);
    for (const entry of await entriesOf(directory)) {
      if (entry.name.startsWith(".")) continue;
      const path = join(directory, entry.name);
      if (entry.isDirectory()) await step(path, segments, found);
      else if (rest.length === 0) found.add(path);
    }
  } else if (WILDCARD.test(segment)) {
    const names = nameTest(segment);
    for (const entry of await entriesOf(directory)) {
      const leadsOn = rest.length === 0 || entry.isDirectory();
      if (leadsOn && names.test(entry.name)) await enter(join(directory, entry.name));
    }
  } else await enter(join(directory, segment));
}

/** What lies in a directory; nothing in what is none, or has gone. */
async function entriesOf(
  directory: string,
): Promise<readonly { readonly name: string; isDirectory(): boolean }[]> {
  try {
    return await fs.readdir(directory, { withFileTypes: true });
  } catch (cause) {
    const code = cause instanceof Error && "code" in cause ? cause.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    throw new DataflowError(
      "DF_FILE",
      `The directory ${directory} cannot be read: ${reasonOf(cause)}. Check its permissions and the limit on open files (ulimit -n), or name only directories that can be read.`,
      { cause, transient: TRANSIENT.includes(code) },
    );
  }
}

/** The patterns that one with braces stands for, the outermost and first braces first. */
function expanded(pattern: string): string[] {
  for (let open = pattern.indexOf("{"); open >= 0; open = pattern.indexOf("{", open + 1)) {
    const parts = partsFrom(pattern, open);
    if (parts === undefined) continue;
    const { inside, end } = parts;
    return inside.flatMap((part) => expanded(pattern.slice(0, open) + part + pattern.slice(end)));
  }
  return [pattern];
}

/** What stands between braces, divided by commas; undefined where they enclose no list. */
function partsFrom(
  pattern: string,
  open: number,
): { readonly inside: string[]; readonly end: number } | undefined {
  const inside: string[] = [];
  let depth = 0;
  let start = open + 1;
  for (let at = open; at < pattern.length; at++) {
    const char = pattern[at];
    if (char === "{") depth++;
    else if (char === "}") depth--;
    if (depth === 0 || (depth === 1 && char === ",")) {
      inside.push(pattern.slice(start, at));
      start = at + 1;
    }
    if (depth > 0) continue;
    if (inside.length > 1) return { inside, end: at + 1 };
    if (!/^-?\w+\.\.-?\w+/.test(inside[0] ?? "")) return undefined;
    throw new DataflowError(
      "DF_PATH",
      `The pattern "${pattern}" has a range {${inside[0]}}. Write its values: {1,2,3}.`,
    );
  }
  return undefined;
}

/** A test of names; those that begin with a dot must be named with it. */
function nameTest(segment: string): RegExp {
  const source = segment.replaceAll(/\*+|\?|\[(!?)(\]?[^\]]*)\]|[^*?[]|\[/gsu, (part, not, set) => {
    if (part.startsWith("*")) return "[^]*";
    if (part === "?") return "[^]";
    if (typeof set === "string" && set !== "") {
      return `[${not === "!" ? "^" : ""}${set.replaceAll(/[\\\]^]/g, String.raw`\$&`)}]`;
    }
    return part.replaceAll(/[\\^$.+()[\]{}|/]/g, String.raw`\$&`);
  });
  return new RegExp(`^${segment.startsWith(".") ? "" : String.raw`(?!\.)`}${source}$`, "u");
}
