/** What the tests of the documentation read out of Markdown. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { root } from "../command.ts";

/** A block of code in a document. */
export interface Fence {
  readonly language: string;
  readonly text: string;
}

/** The text of a file of the repository. */
export function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** The blocks of code of a document, in order. */
export function fencesOf(document: string): Fence[] {
  return [...read(document).matchAll(/^```(\w+)\n([^]*?)^```$/gm)].map(([, language = "", text = ""]) => ({
    language,
    text,
  }));
}

/** The text of a document without its blocks of code. */
export function proseOf(document: string): string {
  return read(document).replaceAll(/^```\w+\n[^]*?^```$/gm, "");
}

/**
 * What a command prints, without numbers of epochs and of versions of tables: a run that takes longer than a second, as
 * a start does on a slow machine, has a checkpoint more.
 */
export function withoutEpochs(printed: string): string {
  return printed
    .replaceAll(/\bepoch \d+/g, "epoch (n)")
    .replaceAll(/ +\d+ +\d+ +(?=[0-9a-f]{32}\b)/g, " (epoch) (version) ");
}
