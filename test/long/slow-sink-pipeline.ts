/** Rows as fast as they can be made, for a sink that takes SLOW_MS for a thousand of them. Says what it has taken. */
import { readFileSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { pipeline, t } from "dataflow";
import { callback } from "dataflow/callback";
import { generator } from "dataflow/generator";

const Row = t.row({ id: t.int32(), text: t.string() });
const rows = Number(process.env["SLOW_ROWS"]);
const msARow = Number(process.env["SLOW_MS"]) / 1000;
const text = "what a row says, in some two thousand bytes; ".repeat(50);

/** When the first row was made, and the CPU time until then, µs. */
let startedAt: number | undefined;
let cpuBefore = 0;
const taken = { rows: 0, ids: 0 };

function make(id: number): { readonly id: number; readonly text: string } {
  if (startedAt === undefined) {
    startedAt = performance.now();
    cpuBefore = process.cpuUsage().user;
  }
  return { id, text: `${id}: ${text}` };
}

export default pipeline("slow", (p) => {
  p.from("rows", generator({ row: Row, rows, make })).to(
    "out",
    callback<{ readonly id: number }>(async (changes) => {
      for (const { after } of changes) taken.ids += after?.id ?? 0;
      taken.rows += changes.length;
      const due = (startedAt ?? 0) + taken.rows * msARow;
      await setTimeout(Math.max(0, due - performance.now()));
    }),
  );
});

process.on("exit", () => {
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync("/proc/self/status", "utf8"))?.[1];
  const ms = performance.now() - (startedAt ?? 0);
  const cpuMs = (process.cpuUsage().user - cpuBefore) / 1000;
  process.stdout.write(`${JSON.stringify({ ...taken, ms, cpuMs, peakBytes: Number(peak) * 1024 })}\n`);
});
