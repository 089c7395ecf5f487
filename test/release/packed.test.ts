import { spawnSync } from "node:child_process";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { packRelease } from "../../scripts/release/pack.ts";
import { newFolder, root } from "../command.ts";
import { fencesOf, read } from "../docs/markdown.ts";
import { deltaRows, missingReaders } from "../outside-readers.ts";
import { folderWith, missingRegistry, typed } from "./fresh-machine.ts";

const README = "packages/dataflow/README.md";
const fences = fencesOf(README);
const textOf = (language: string): string => fences.find((fence) => fence.language === language)?.text ?? "";
const [install = "", run = ""] = fences.filter(({ language }) => language === "sh").map(({ text }) => text);

const { exports } = JSON.parse(read("packages/dataflow/package.json")) as {
  readonly exports: Record<string, string>;
};
/** A module that has all modules of the package. */
const allModules = Object.keys(exports)
  .filter((path) => path !== "./package.json")
  .map((path, index) => `export * as m${index} from "${path.replace(".", "dataflow")}";\n`)
  .join("");

const tarball = packRelease(root, newFolder("release"));
const missing = missingRegistry();
const unless = (reason: string | undefined): string => (reason === undefined ? "" : ` (${reason})`);

/** Makes the files that the README tells to make. */
function writeReadmeFiles(folder: string): void {
  mkdirSync(join(folder, "orders"));
  writeFileSync(join(folder, "orders/monday.jsonl"), textOf("json"));
  writeFileSync(join(folder, "pipeline.ts"), textOf("ts"));
  writeFileSync(join(folder, "tsconfig.json"), textOf("jsonc"));
}

/** Checks a folder's types with the compiler of the workspace, which knows nothing of the folder. */
function typeErrors(folder: string, ...given: readonly string[]): string {
  const tsc = join(root, "node_modules/typescript/bin/tsc");
  return spawnSync(process.execPath, [tsc, ...given], { cwd: folder, encoding: "utf8" }).stdout;
}

test("the package has compiled code with its types, and no source, test or name of the workspace", () => {
  const out = join(tarball, "../dataflow");
  const files = readdirSync(out, { recursive: true, encoding: "utf8" }).filter(
    (file) => file.includes(".") && !file.includes("/template/"),
  );
  expect(files.filter((file) => !/\.(js|d\.ts)$/.test(file)).toSorted()).toEqual([
    "README.md",
    "package.json",
  ]);
  expect(files.filter((file) => /\.(test|testing)\.|zz-probe/.test(file))).toEqual([]);
  const texts = files.map((file) => readFileSync(join(out, file), "utf8"));
  expect(texts.filter((text) => /"@df\/|"workspace:/.test(text))).toEqual([]);
});

test("the package's README installs the version that is packed", () => {
  expect(install).toBe(`npm install ../${basename(tarball)}\n`);
});

describe.skipIf(missing !== undefined)(`installed in an empty folder${unless(missing)}`, () => {
  let folder = "";
  beforeAll(() => {
    folder = folderWith(tarball);
    writeReadmeFiles(folder);
  });

  test.skipIf(missingReaders !== undefined)(
    `the README's pipeline runs, and again when rows were appended, with a decode thread; delta-rs reads the table${unless(missingReaders)}`,
    () => {
      const first = typed(folder, run);
      expect([first.code, first.stdout]).toEqual([0, expect.stringContaining("3 rows read")]);
      appendFileSync(
        join(folder, "orders/monday.jsonl"),
        '{"id":"a4","shop":"north","cents":50,"at":"2026-03-02T09:55:00Z"}\n',
      );
      const second = typed(folder, `DATAFLOW_DECODE_THREADS=1 ${run}`);
      // Nothing but the report: whatever had to be fetched was fetched before.
      expect(second).toEqual({ code: 0, stdout: expect.stringContaining("1 row read"), stderr: "" });
      const rows = deltaRows(join(folder, "lake/orders_per_hour")).map(
        (line) => JSON.parse(line) as Record<string, unknown>,
      );
      expect(rows).toHaveLength(2);
      expect(rows).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ shop: "north", orders: "3", cents: "400" }),
          expect.objectContaining({ shop: "south", orders: "1", cents: "700" }),
        ]),
      );
    },
  );

  test("what init makes runs as init says, passes its test and compiles", () => {
    const made = typed(folder, "npx dataflow init sensors");
    expect(made).toMatchObject({ code: 0 });
    const [enter = "", start = "", check = ""] = made.stdout.trimEnd().split("\n").slice(2);
    expect([enter.trim(), start.trim(), check.trim()]).toEqual([
      "cd sensors",
      "npx dataflow run pipeline.ts",
      "npm test",
    ]);
    const sensors = join(folder, "sensors");
    expect(typed(sensors, start.trim()).stdout).toContain("22 rows read");
    expect(typed(sensors, check.trim())).toMatchObject({ code: 0, stdout: expect.stringMatching(/pass 1/) });
    expect(typeErrors(sensors, "-p", ".")).toBe("");
  });

  test("the types of the README's pipeline hold, without skipping those of the package", () => {
    expect(typeErrors(folder, "-p", ".", "--skipLibCheck", "false")).toBe("");
    const wrong = textOf("ts").replace('a.sum("cents")', 'a.sum("shop")');
    writeFileSync(join(folder, "wrong.ts"), wrong);
    expect(typeErrors(folder, "-p", ".")).toMatch(/^wrong\.ts\(\d+,\d+\): error TS/);
  });

  test("every module has types that hold in other settings, too, and where its optional peers are installed", () => {
    const packed = readFileSync(join(tarball, "../dataflow/package.json"), "utf8");
    const { peerDependencies } = JSON.parse(packed) as { readonly peerDependencies: Record<string, string> };
    const peers = Object.entries(peerDependencies).map(([name, range]) => `"${name}@${range}"`);
    expect(typed(folder, `npm install ${peers.join(" ")}`)).toMatchObject({ code: 0 });
    writeFileSync(join(folder, "all.mts"), allModules);
    const settings = [
      "--ignoreConfig",
      "--noEmit",
      "--strict",
      "--types",
      "node",
      "--skipLibCheck",
      "false",
      "all.mts",
    ];
    for (const module of ["nodenext", "preserve"]) {
      expect(typeErrors(folder, "--module", module, "--target", "es2022", ...settings)).toBe("");
    }
  });

  test("every module can be loaded by this machine's Node, also where it is too old to run a pipeline", () => {
    writeFileSync(join(folder, "all.mjs"), allModules);
    expect(typed(folder, "node all.mjs")).toEqual({ code: 0, stdout: "", stderr: "" });
  });

  test("start() runs a pipeline from a program, and says so where the program's Node is too old", () => {
    const [program, output] = fencesOf("docs/from-code.md");
    writeFileSync(join(folder, "shop.ts"), program?.text ?? "");
    const newer = spawnSync(process.execPath, ["shop.ts"], { cwd: folder, encoding: "utf8" });
    expect(newer).toMatchObject({ status: 0, stdout: output?.text });
    const started = `
      import { pipeline, start, t } from "dataflow";
      import { consoleSink } from "dataflow/console";
      import { memorySource } from "dataflow/memory";
      const rows = memorySource([{ id: "a" }], t.row({ id: t.string() }));
      const run = await start(pipeline("small", (p) => p.from("rows", rows).to("out", consoleSink())));
      await run.done;`;
    writeFileSync(join(folder, "small.mjs"), started);
    const { code, stdout, stderr } = typed(folder, "node small.mjs");
    const said = code === 0 ? stdout : stderr;
    const wanted = code === 0 ? /\{"id":"a"\}/ : /dataflow needs Node 22\.18 or newer; this program runs in/;
    expect(said).toMatch(wanted);
  });

  test("a module that the package does not have is refused with those that it has", () => {
    writeFileSync(join(folder, "parchment.ts"), 'import "dataflow/parchment";\n');
    const refused = typed(folder, "npx dataflow run parchment.ts");
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toContain('There is no module "dataflow/parchment"');
    expect(refused.stderr).toContain("There are: dataflow, dataflow/callback, dataflow/console,");
    expect(refused.stderr).toContain("[DF_NO_MODULE]");
  });
});
