/**
 * What no linter rule says: sizes, names, docstrings, folders, words. Each message says where and what to do. An
 * exception stands in one of the lists below, with its reason.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, statSync, writeFileSync } from "node:fs";
import { dirname, join, posix } from "node:path";
import { expect, test } from "vitest";
import { newFolder, root } from "./command.ts";

const LINES_MAX = 450;
const COLUMNS_MAX = 120;
const FUNCTION_LINES_MAX = 70;
const FILE_BYTES_MAX = 256 * 1024;

/** Files that may be larger. */
const LARGE: Readonly<Record<string, string>> = {
  "examples/01-earthquakes/input/earthquakes.jsonl":
    "real input: a week of earthquakes as USGS published them",
};

/** Places that throw plain errors. */
const PLAIN_ERRORS: Readonly<Record<string, string>> = {
  "packages/core/src/error.ts": "defines ours",
  "packages/core/src/plan/plan-fixtures.ts": "used by tests only; a wrong fixture is a mistake in a test",
  "packages/testing/src/check-operator.ts": "fails a test: the message is for its author",
  "packages/testing/src/check-sink.ts": "fails a test: the message is for its author",
  "packages/simulation/src/pipeline.ts": "what the lambda of a user may throw",
};

/** Folders of operators and connectors that have no README or test of their own. */
const PARTS: Readonly<Record<string, string>> = {
  "packages/operators/src/aggregates": "holds the folders of aggregates and the test fixture they share",
  "packages/operators/src/stateless": "what the stateless operators share; their tests run it",
};

/** Files that nobody imports and that are still used. */
const ENTRY_POINTS: Readonly<Record<string, string>> = {
  "packages/cli/src/main.ts": "started by bin/dataflow.js",
  "packages/simulation/src/sabotage.ts": "pnpm sabotage",
  "packages/simulation/src/sim.ts": "pnpm sim",
};

/** Files that may name the words that are looked for: this one. */
const SELF = "test/tidy.test.ts";

/** Every file that is, or is about to be, in the repository. The probes of layers.test.ts come and go meanwhile. */
const files: readonly string[] = spawnSync("git", ["ls-files", "-co", "--exclude-standard"], {
  cwd: root,
  encoding: "utf8",
  maxBuffer: 1 << 26,
})
  .stdout.split("\n")
  .filter((file) => file !== "" && !file.includes("/zz-probe-") && isFile(file))
  .toSorted();
const texts = new Map(
  files.filter((file) => /\.(ts|js|mjs|py|md|json|yaml)$/.test(file)).map((file) => [file, read(file)]),
);
const code = [...texts.keys()].filter((file) => /\.(ts|js|mjs|py)$/.test(file));
const sources = code.filter((file) => /^packages\/[^/]+\/src\/.*\.ts$/.test(file) && !isTest(file));

function isFile(file: string): boolean {
  return statSync(join(root, file), { throwIfNoEntry: false })?.isFile() === true;
}

function read(file: string): string {
  return readFileSync(join(root, file), "utf8");
}

/** Tests, and what only tests use. */
function isTest(file: string): boolean {
  return /\.(test|testing)\.ts$/.test(file);
}

function linesOf(file: string): string[] {
  return (texts.get(file) ?? "").split("\n");
}

/** The lines of files that break a rule, as `file:line: message`. */
function broken(among: readonly string[], rule: (line: string) => string | undefined): string[] {
  return among.flatMap((file) =>
    linesOf(file).flatMap((line, index) => {
      const message = rule(line);
      return message === undefined ? [] : [`${file}:${index + 1}: ${message}`];
    }),
  );
}

test("no code file is so long that it holds two ideas", () => {
  const long = code.filter((file) => linesOf(file).length > LINES_MAX);
  expect(long.map((file) => `${file}: over ${LINES_MAX} lines. Split it by ideas.`)).toEqual([]);
});

test("no line of code runs off the screen, but for a text that cannot be broken", () => {
  const withoutTexts = (line: string): string =>
    line.replaceAll(/(["'`])(?:\\.|(?!\1).)*\1|\/(?=[^/*\s])(?:\\.|[^/\\])+\/[a-z]*/g, "");
  const wide = broken(code, (line) =>
    line.length > COLUMNS_MAX && withoutTexts(line).length > COLUMNS_MAX
      ? `${line.length} columns, at most ${COLUMNS_MAX}. Break it.`
      : undefined,
  );
  expect(wide).toEqual([]);
});

test("every function fits a screen", () => {
  const config = join(newFolder("tidy"), "oxlintrc.json");
  const options = { max: FUNCTION_LINES_MAX, skipBlankLines: true, skipComments: true };
  writeFileSync(
    config,
    JSON.stringify({
      categories: { correctness: "off" },
      rules: { "max-lines-per-function": ["error", options] },
    }),
  );
  const linted = spawnSync(
    process.execPath,
    ["node_modules/oxlint/bin/oxlint", "-c", config, "-f", "unix", "packages", "scripts"],
    { cwd: root, encoding: "utf8" },
  );
  expect(linted.stderr).toBe("");
  const places = linted.stdout
    .split("\n")
    .filter((line) => line.includes("max-lines-per-function"))
    .map((line) => line.replace(/:\d+: .*?\((\d+)\).*/, ": a function of $1 lines. Give its parts names."))
    .filter((line) => !isTest(line.split(":")[0] ?? ""));
  expect(places).toEqual([]);
});

test("errors have a code", () => {
  const among = sources.filter((file) => !(file in PLAIN_ERRORS));
  const plain = broken(among, (line) =>
    /\bthrow new Error\(/.test(line)
      ? "a plain Error. Throw DataflowError with a code, or an assertion of assert.ts."
      : undefined,
  );
  expect(plain).toEqual([]);
});

test("what is left to do has the number of its issue", () => {
  const among = [...texts.keys()].filter((file) => file !== SELF);
  const open = broken(among, (line) =>
    /\b(TODO|FIXME|HACK|XXX)\b(?!\(#\d+\))/.test(line) ? "write TODO(#123), or do it." : undefined,
  );
  expect(open).toEqual([]);
});

test("every exported function, class, constant and interface says what it is", () => {
  const missing = sources.flatMap((file) => {
    const lines = linesOf(file);
    const known = new Set<string>();
    return lines.flatMap((line, index) => {
      const name = /^export (?:async )?(?:function\*?|abstract class|class|const|interface) (\w+)/.exec(
        line,
      )?.[1];
      if (name === undefined) return [];
      const before = lines[index - 1] ?? "";
      // One comment may stand above a run of constants, or above the first of several overloads.
      const said = /(\*\/|^\/\/.*|^export const .*;)$/.test(before) || known.has(name);
      known.add(name);
      return said ? [] : [`${file}:${index + 1}: ${name} has no docstring.`];
    });
  });
  expect(missing).toEqual([]);
});

test("every operator and connector has a README and a test beside its code", () => {
  const folders = new Set(
    sources
      .map((file) => posix.dirname(file))
      .filter((folder) => /^packages\/(operators|connectors)\/src\/./.test(folder) && !(folder in PARTS)),
  );
  const lacking = [...folders].flatMap((folder) => {
    const inside = files.filter((file) => posix.dirname(file) === folder);
    return [
      ...(inside.includes(`${folder}/README.md`) ? [] : [`${folder}: no README.md.`]),
      ...(inside.some((file) => file.endsWith(".test.ts")) ? [] : [`${folder}: no test.`]),
    ];
  });
  expect(lacking).toEqual([]);
});

test("no file or folder is named for being of use", () => {
  const vague = files.filter((file) =>
    /(^|\/)(utils?|helpers?|common|misc|shared|stuff)([./-]|$)/i.test(file),
  );
  expect(vague.map((file) => `${file}: name it for what it holds.`)).toEqual([]);
});

/** The files that a file names: imports, dynamic imports, and threads started by URL. */
function namedBy(file: string): string[] {
  const pattern = /(?:from|import|import\(|new URL\()\s*["'`]([^"'`\n]+)["'`]/g;
  return [...(texts.get(file) ?? "").matchAll(pattern)].flatMap(([, specifier = ""]) => {
    // The same line starts a thread of the sources (.ts) and of the release (.js).
    if (specifier.startsWith(".")) {
      return [posix.join(dirname(file), specifier.replace(/\$\{\w+\}$/, "ts"))];
    }
    const [, scope, name, path] = /^(@df\/)?([a-z]+)(?:\/(.+))?$/.exec(specifier) ?? [];
    return scope === undefined && name !== "dataflow" ? [] : [`packages/${name}/src/${path ?? "index"}.ts`];
  });
}

/** The modules that users import: the exports of the published package. */
const published = Object.values(
  (JSON.parse(read("packages/dataflow/package.json")) as { readonly exports: Record<string, string> })
    .exports,
).map((file) => posix.join("packages/dataflow", file));

test("every source file is used", () => {
  const used = new Set(code.flatMap(namedBy));
  const unused = sources.filter(
    (file) =>
      !used.has(file) &&
      !file.endsWith("/src/index.ts") &&
      !(file in ENTRY_POINTS) &&
      !published.includes(file),
  );
  expect(unused.map((file) => `${file}: nobody imports it. Delete it.`)).toEqual([]);
});

test("no large file is in the repository", () => {
  const large = files.filter((file) => !(file in LARGE) && statSync(join(root, file)).size > FILE_BYTES_MAX);
  expect(large.map((file) => `${file}: over ${FILE_BYTES_MAX} bytes. Make it in the test.`)).toEqual([]);
});

test("no file tells how it was written, or where on whose machine", () => {
  const words = [
    String.raw`(?<![\w.])/(work|home|tmp/brief)/`,
    String.raw`\b(claude|anthropic|chatgpt|copilot|LLM|language model|AI assistant|sub-?agents?)\b`,
    String.raw`\b(helper|this|my|our|earlier|previous|another|last) session\b`,
    String.raw`\bDESIGN\.md\b`,
  ];
  const pattern = new RegExp(words.join("|"), "i");
  const among = [...texts.keys()].filter((file) => file !== SELF);
  const told = broken(among, (line) => {
    const found = pattern.exec(line)?.[0];
    return found === undefined ? undefined : `"${found}" says nothing about the code. Take it out.`;
  });
  expect(told).toEqual([]);
});

test("every exception is still needed", () => {
  const exceptions = { ...LARGE, ...PLAIN_ERRORS, ...ENTRY_POINTS };
  const gone = Object.keys(exceptions).filter((file) => !files.includes(file));
  expect(gone.map((file) => `${file}: is there no more. Take it off its list.`)).toEqual([]);
});
