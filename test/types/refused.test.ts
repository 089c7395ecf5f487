import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const directory = `${root}out/types`;
const files = ["refused.ts", "refused-joins.ts", "refused-schemas.ts"];
const linesOf = (file: string): string[] => readFileSync(new URL(file, import.meta.url), "utf8").split("\n");
const DIRECTIVE = /^\s*\/\/ @ts-expect-error (.+)$/;
/** The line after each directive, counted from 1, with the words that its message must hold. */
const misuses = files.flatMap((file) =>
  linesOf(file).flatMap((line, index, all) => {
    const words = DIRECTIVE.exec(line)?.[1];
    if (words === undefined) return [];
    return [{ place: `${file}:${index + 2}`, words, code: (all[index + 1] ?? "").trim() }];
  }),
);
const messages = new Map<string, string>();

/** Compiles the misuses without their directives, all at once, and keeps what is said of each line. */
beforeAll(() => {
  mkdirSync(directory, { recursive: true });
  for (const file of files) {
    const bare = linesOf(file).join("\n").replaceAll("@ts-expect-error", "refused:");
    writeFileSync(`${directory}/${file}`, bare);
  }
  const config = {
    extends: `${root}test/tsconfig.json`,
    compilerOptions: {
      composite: false,
      incremental: false,
      rootDir: root,
      noEmit: true,
      tsBuildInfoFile: null,
    },
    include: [],
    files,
    references: [],
  };
  writeFileSync(`${directory}/tsconfig.json`, JSON.stringify(config));
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", directory, "--pretty", "false"], {
    encoding: "utf8",
    cwd: directory,
  });
  let place: string | undefined;
  for (const text of stdout.split("\n")) {
    const found = /^(\S+)\((\d+),\d+\): error (.*)$/.exec(text);
    if (found !== null) place = files.includes(found[1] ?? "") ? `${found[1]}:${found[2]}` : undefined;
    if (place !== undefined) messages.set(place, `${messages.get(place) ?? ""}${text}\n`);
  }
});

describe("the compiler refuses, and says why", () => {
  test.each(misuses)("$code", ({ place, words }) => {
    expect(messages.get(place) ?? "(it compiles)").toContain(words);
  });

  test("nothing else in the files", () => {
    const expected = new Set(misuses.map(({ place }) => place));
    expect([...messages].filter(([place]) => !expected.has(place))).toEqual([]);
  });
});
