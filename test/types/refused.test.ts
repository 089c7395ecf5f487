import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { beforeAll, describe, expect, test } from "vitest";

const root = fileURLToPath(new URL("../../", import.meta.url));
const directory = `${root}out/types`;
const source = readFileSync(new URL("refused.ts", import.meta.url), "utf8").split("\n");
const DIRECTIVE = /^\s*\/\/ @ts-expect-error (.+)$/;
/** The line after each directive, counted from 1, with the words that its message must hold. */
const misuses = source.flatMap((line, index) => {
  const words = DIRECTIVE.exec(line)?.[1];
  return words === undefined ? [] : [{ line: index + 2, words, code: (source[index + 1] ?? "").trim() }];
});
const messages = new Map<number, string>();

/** Compiles the misuses without their directives, all at once, and keeps what is said of each line. */
beforeAll(() => {
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/bare.ts`, source.join("\n").replaceAll("@ts-expect-error", "refused:"));
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
    files: ["bare.ts"],
    references: [],
  };
  writeFileSync(`${directory}/tsconfig.json`, JSON.stringify(config));
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  const { stdout } = spawnSync(process.execPath, [tsc, "-p", directory, "--pretty", "false"], {
    encoding: "utf8",
    cwd: directory,
  });
  let line: number | undefined;
  for (const text of stdout.split("\n")) {
    const found = /^(\S+)\((\d+),\d+\): error (.*)$/.exec(text);
    if (found !== null) line = found[1]?.endsWith("bare.ts") ? Number(found[2]) : undefined;
    if (line !== undefined) messages.set(line, `${messages.get(line) ?? ""}${text}\n`);
  }
});

describe("the compiler refuses, and says why", () => {
  test.each(misuses)("$code", ({ line, words }) => {
    expect(messages.get(line) ?? "(it compiles)").toContain(words);
  });

  test("nothing else in the file", () => {
    const expected = new Set(misuses.map(({ line }) => line));
    expect([...messages].filter(([line]) => !expected.has(line))).toEqual([]);
  });
});
