/**
 * How long the compiler takes for one pipeline of many steps: `node bench/types/pipeline.ts --steps 50 --columns 20`.
 * Prints the seconds the check took, what the compiler needs without the pipeline, and instantiations.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";

const { values } = parseArgs({
  options: { steps: { type: "string", default: "50" }, columns: { type: "string", default: "20" } },
});
const [steps, columns] = [Number(values.steps), Number(values.columns)];
const root = fileURLToPath(new URL("../../", import.meta.url));
const directory = `${root}out/bench-types`;

/** Chains of filter, tap, map, dedupe, notNull, and a window after every tenth step. */
function source(count: number): string {
  const names = Array.from({ length: columns }, (_, index) => `c${index}`);
  const lines = [
    'import { pipeline, t, tumbling } from "dataflow";',
    'import type { ChangeMode, TypedSink, TypedSource } from "dataflow";',
    `const Row = t.row({ id: t.string(), at: t.timestamp(), note: t.string().nullable(), ${names.map((name) => `${name}: t.int64()`).join(", ")} });`,
    "declare const rows: TypedSource<t.infer<typeof Row>>;",
    "declare const sink: TypedSink<unknown, ChangeMode>;",
    'export default pipeline("bench", (p) => {',
    '  const s0 = p.from("rows", rows, { eventTime: "at", maxOutOfOrderness: "1s" });',
  ];
  for (let step = 1; step <= count; step++) {
    const before = `s${step - 1}`;
    const verbs = [
      `${before}.filter((r) => r.c0 > 0n)`,
      `${before}.map({ ...Row.columns, x${step}: t.int64() }, (r) => ({ ...r, x${step}: r.c0 }))`,
      `${before}.tap((r) => void r.id)`,
      `${before}.union(${before})`,
    ];
    lines.push(`  const s${step} = ${verbs[step % verbs.length]};`);
    if (step % 10 === 0) {
      lines.push(
        `  s${step}.keyBy("id").window(tumbling("1h")).aggregate("w${step}", (a) => ({ n: a.count(), c: a.sum("c0") }), { allowedLateness: "1m" }).to("t${step}", sink);`,
      );
    }
  }
  lines.push(`  s${count}.to("all", sink);`, "});");
  return lines.join("\n");
}

/** Seconds of checking and instantiations. */
function measure(text: string): { readonly seconds: number; readonly instantiations: number } {
  mkdirSync(directory, { recursive: true });
  writeFileSync(`${directory}/bench.ts`, text);
  writeFileSync(
    `${directory}/tsconfig.json`,
    JSON.stringify({
      extends: `${root}test/tsconfig.json`,
      compilerOptions: {
        composite: false,
        incremental: false,
        rootDir: root,
        noEmit: true,
        noUnusedLocals: false,
        tsBuildInfoFile: null,
      },
      include: [],
      files: ["bench.ts"],
      references: [],
    }),
  );
  const tsc = `${root}node_modules/typescript/bin/tsc`;
  const runs = [1, 2, 3].map(() => {
    const { stdout } = spawnSync(process.execPath, [tsc, "-p", directory, "--extendedDiagnostics"], {
      encoding: "utf8",
    });
    const figure = (name: string): number =>
      Number(new RegExp(`^${name}:\\s+([\\d.]+)`, "m").exec(stdout)?.[1]);
    const errors = stdout.split("\n").filter((line) => line.includes("bench.ts("));
    if (errors.length > 0) throw new Error(errors.join("\n"));
    return { seconds: figure("Check time"), instantiations: figure("Instantiations") };
  });
  const [best] = runs.toSorted((a, b) => a.seconds - b.seconds);
  return best ?? { seconds: Number.NaN, instantiations: Number.NaN };
}

const floor = measure(source(0));
const full = measure(source(steps));
console.log(
  `${steps} steps, ${columns} columns: check ${full.seconds} s (without steps ${floor.seconds} s), ` +
    `${full.instantiations} instantiations (without steps ${floor.instantiations})`,
);
