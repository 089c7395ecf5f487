/**
 * The benchmark with every column under another name and the keys of each event in another order: nothing in the engine
 * knows what they are called, or where they stand.
 */
import {
  appendFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { fileURLToPath, pathToFileURL } from "node:url";
import type { Program } from "./run.ts";

/** Names in the queries, and of kinds of events. */
const NAMES: Readonly<Record<string, string>> = {
  type: "sort",
  eid: "run",
  dateTime: "happened",
  id: "no",
  name: "call",
  seller: "vendor",
  auction: "article",
  bidder: "client",
  price: "cents",
};
const LINES_AT_ONCE = 20_000;

const here = fileURLToPath(new URL("./", import.meta.url));
/** Below the repository, so that the copies find its packages. */
const cache = fileURLToPath(new URL("../../.cache/bench/", import.meta.url));

/** The queries in the other words. They are read as text, so what they say is the same. */
export async function renamedProgram(): Promise<Program> {
  mkdirSync(cache, { recursive: true });
  const folder = mkdtempSync(join(cache, "renamed-"));
  try {
    for (const file of ["event.ts", "queries.ts"]) {
      writeFileSync(join(folder, file), renamedText(readFileSync(join(here, file), "utf8")));
    }
    const load = async (file: string): Promise<Partial<Program>> =>
      (await import(pathToFileURL(join(folder, file)).href)) as Partial<Program>;
    return { ...(await load("event.ts")), ...(await load("queries.ts")) } as Program;
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** "type" is a word of the language too. */
function renamedText(text: string): string {
  return text.replaceAll(/(?<=\.)type\b|\btype(?=: t\.)|\b[a-zA-Z]+\b/g, (word, at: number) => {
    const isKeyword = word === "type" && text[at - 1] !== "." && !text.startsWith(": t.", at + word.length);
    return isKeyword ? word : (NAMES[word] ?? word);
  });
}

/** Writes the events of a directory into a new one. */
export function renameEvents(from: string, to: string): void {
  mkdirSync(to, { recursive: true });
  for (const file of readdirSync(from)) {
    const lines = readFileSync(join(from, file), "utf8").trimEnd().split("\n");
    writeFileSync(join(to, file), "");
    for (let at = 0; at < lines.length; at += LINES_AT_ONCE) {
      const some = lines.slice(at, at + LINES_AT_ONCE).map((line) => `${renamedLine(line)}\n`);
      appendFileSync(join(to, file), some.join(""));
    }
  }
}

function renamedLine(line: string): string {
  const entries = Object.entries(JSON.parse(line) as Record<string, unknown>).map(
    ([name, value]) =>
      [NAMES[name] ?? name.toUpperCase(), name === "type" ? (NAMES[String(value)] ?? value) : value] as const,
  );
  // Neither the old order nor its reverse: by the last letter of the new name.
  const last = (name: string): string => name.slice(-1) + name;
  return JSON.stringify(Object.fromEntries(entries.toSorted(([a], [b]) => (last(a) < last(b) ? -1 : 1))));
}
