import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../command.ts";
import { killLoop } from "./kill-loop.ts";

/** A call of the function, as it wrote it down. */
interface Call {
  readonly epoch: number;
  readonly part: number;
  readonly last: boolean;
  readonly rows: readonly number[];
}

const KILLS = process.env["DATAFLOW_LONG"] === "1" ? 100 : 14;

test("a callback is told each change at least once after kill -9 at any moment, and a repeated delivery is the same", async () => {
  const { folders } = await killLoop({ pipeline: join(root, "test/crash/callback-pipeline.ts") }, 7, KILLS);
  let repeated = 0;
  for (const folder of folders) {
    const lines = readFileSync(join(folder, "told.jsonl"), "utf8").trimEnd().split("\n");
    const calls = lines.map((line) => JSON.parse(line) as Call);
    const once = new Map<string, Call>();
    for (const call of calls) {
      const place = `${call.epoch}/${call.part}`;
      expect(call).toEqual(once.get(place) ?? call);
      once.set(place, call);
    }
    expect([...once.values()].flatMap(({ rows }) => rows)).toEqual(Array.from({ length: 400 }, (_, n) => n));
    repeated += calls.length - once.size;
  }
  expect(repeated).toBeGreaterThan(0);
});
