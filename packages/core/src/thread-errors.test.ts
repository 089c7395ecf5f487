import { Worker } from "node:worker_threads";
import { expect, test } from "vitest";
import { endOfThread } from "./thread-errors.ts";

async function thrownIn(code: string, heapMiB = 64): Promise<unknown> {
  const worker = new Worker(code, { eval: true, resourceLimits: { maxOldGenerationSizeMb: heapMiB } });
  return new Promise((resolve) => worker.on("error", resolve));
}

test("what was thrown on a thread while nobody waited for it is told as it is, with its place", async () => {
  const thrown = await thrownIn('setTimeout(function late() { throw new TypeError("no timer"); });');
  expect(endOfThread(thrown)).toMatchObject({ message: "no timer", stack: expect.stringContaining("late") });
});

test("what was thrown with a code of its own, or without an error, is told too, and does not count as a lost thread", async () => {
  const missing = await thrownIn('require("node:fs").promises.readFile("/none/such");');
  expect(endOfThread(missing)).toMatchObject({
    code: "ENOENT",
    message: expect.stringContaining("/none/such"),
  });
  const rejected = await thrownIn('Promise.reject("no rates today");');
  expect(endOfThread(rejected)).toMatchObject({ message: expect.stringContaining("no rates today") });
  expect(endOfThread(rejected)).not.toMatchObject({ code: "DF_THREAD" });
});

test("a thread that is out of memory was lost, and the run may be started again", async () => {
  const thrown = await thrownIn("const kept = []; for (;;) kept.push({ kept: [kept.length] });", 8);
  expect(endOfThread(thrown)).toMatchObject({
    code: "DF_THREAD",
    transient: true,
    message: expect.stringContaining("memory limit"),
  });
});
