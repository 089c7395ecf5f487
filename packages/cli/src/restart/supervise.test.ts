import { spawn } from "node:child_process";
import { expect, test } from "vitest";
import { supervise } from "./supervise.ts";

const GOT_ON = `process.send({ kind: "got on" });`;
const failing = (mayPass: boolean, code: number): string =>
  `process.send({ kind: "failed", mayPass: ${mayPass}, reason: "the link is down" }, () => process.exit(${code}));`;
const killed = (signal: string): string => `process.kill(process.pid, "${signal}");`;

/** Supervises real processes that run these scripts one after the other, the last again and again. */
async function supervised(...scripts: readonly string[]): Promise<{
  readonly code: number;
  readonly starts: number;
  readonly pausesMs: readonly number[];
  readonly said: readonly string[];
}> {
  let starts = 0;
  const pausesMs: number[] = [];
  const said: string[] = [];
  const code = await supervise({
    start: () => {
      const script = scripts[Math.min(starts++, scripts.length - 1)] ?? "";
      return spawn(process.execPath, ["-e", script], { stdio: ["ignore", "ignore", "inherit", "ipc"] });
    },
    now: () => Date.UTC(2026, 0, 1) + starts * 1000,
    sleep: (ms) => Promise.resolve(pausesMs.push(ms)),
    say: (words) => said.push(words),
    terminal: false,
  });
  return { code, starts, pausesMs, said };
}

test("a process that is killed, aborts or fails for a reason that may pass is started again until one gets through", async () => {
  const { code, starts, pausesMs, said } = await supervised(
    killed("SIGKILL"),
    killed("SIGABRT"),
    `${GOT_ON}${failing(true, 4)}`,
    "",
  );
  expect({ code, starts, pausesMs }).toEqual({ code: 0, starts: 4, pausesMs: [1000, 2000, 4000] });
  expect(said).toEqual([
    expect.stringMatching(/^The run has failed: it was killed with SIGKILL, .*memory runs out\. Starting/),
    expect.stringMatching(
      /SIGABRT, .*--max-old-space-size\)\. Starting again in 2 s; failure 2 of at most 8/,
    ),
    "The run has failed. Starting again in 4 s; it had got on.",
  ]);
});

test.each([
  ["ends well", "", 0],
  ["fails for a reason that comes again", failing(false, 5), 5],
  ["fails without having told why", "process.exit(1);", 1],
  ["is stopped with SIGTERM", killed("SIGTERM"), 143],
  ["is stopped cleanly", "process.exit(130);", 130],
])("a process that %s is not started again, and its exit code is passed on", async (_what, script, exit) => {
  expect(await supervised(script)).toEqual({ code: exit, starts: 1, pausesMs: [], said: [] });
});

test("a crash loop ends after eight starts with how often, since when, the last reason and the last exit code", async () => {
  const { code, starts, said } = await supervised(killed("SIGKILL"), failing(true, 4));
  expect({ code, starts }).toEqual({ code: 4, starts: 8 });
  expect(said.at(-1)).toBe(
    "The run has failed 8 times since 2026-01-01T00:00:00.000Z without a new checkpoint, and is not started again. The last time: the link is down. Tables are as the last delivery left them; mend the reason and run it again, it goes on from the last checkpoint. [DF_CRASH_LOOP]",
  );
});
