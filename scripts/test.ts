/**
 * All checks: format, lint, types, then every test. `--long` adds the long ones, and a soak where outside readers can
 * judge it. The last line is "N passed, N failed", with the skipped if there are any; before it each outside reader is
 * named.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { readers, readersPython } from "./readers.ts";
import { sparkReader } from "./spark.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
const counts = { passed: 0, failed: 0, skipped: 0 };

function tool(name: string, ...given: readonly string[]): number | null {
  return spawnSync(`${root}node_modules/.bin/${name}`, given, {
    cwd: root,
    stdio: "inherit",
    env: environment(),
  }).status;
}

function environment(): NodeJS.ProcessEnv {
  return isLong ? { ...process.env, DATAFLOW_LONG: "1" } : process.env;
}

function check(title: string, name: string, ...given: readonly string[]): void {
  const passed = tool(name, ...given) === 0;
  counts[passed ? "passed" : "failed"]++;
  process.stdout.write(`${passed ? "passed" : "FAILED"}: ${title}\n`);
}

const isLong = process.argv.includes("--long");
const required = (process.env["DATAFLOW_REQUIRE"] ?? "").split(",").filter((name) => name !== "");
const found = [...readers(), ...(isLong ? [sparkReader()] : [])];

check("format", "oxfmt", "--check");
check("lint", "oxlint", "--type-aware", "--deny-warnings");
check("types", "tsc", "-b");

const results = `${root}.cache/vitest.json`;
rmSync(results, { force: true });
tool("vitest", "run", "--reporter=default", "--reporter=./test/counts-reporter.ts");
try {
  const vitest = JSON.parse(readFileSync(results, "utf8")) as typeof counts;
  for (const name of ["passed", "failed", "skipped"] as const) counts[name] += vitest[name];
} catch {
  counts.failed++;
  process.stdout.write("FAILED: vitest ended without a result\n");
}

// Two hours: in a shorter time no heap shows how it grows.
if (isLong && "python" in readersPython()) check("soak", "node", "test/long/soak.ts", "--minutes", "120");

for (const reader of found) {
  if ("version" in reader) process.stdout.write(`reader: ${reader.name} ${reader.version}\n`);
  else {
    const must = required.includes(reader.name);
    counts[must ? "failed" : "skipped"]++;
    process.stdout.write(`${must ? "FAILED" : "skipped"}: ${reader.name}, ${reader.missing}\n`);
  }
}
const skipped = counts.skipped > 0 ? `, ${counts.skipped} skipped` : "";
process.stdout.write(`${counts.passed} passed, ${counts.failed} failed${skipped}\n`);
process.exitCode = counts.failed > 0 ? 1 : 0;
