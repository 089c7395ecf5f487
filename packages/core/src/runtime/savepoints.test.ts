import { expect, test } from "vitest";
import { DataflowError } from "../error.ts";
import { Savepoints } from "./savepoints.ts";

/** Has one savepoint of the history asked for, which cannot be copied; what the run hears of it. */
async function heardOf(error: Error): Promise<{ notices: readonly string[]; failures: readonly unknown[] }> {
  const notices: string[] = [];
  const failures: unknown[] = [];
  const savepoints = new Savepoints({
    copy: () => Promise.reject(error),
    wake: () => {},
    failed: (failure) => failures.push(failure),
    onNotice: (notice) => notices.push(notice),
    history: {
      due: () => ({ name: "auto-1", created: "2026-05-01T00:00:00.000Z", automatic: true }),
      tidy: () => {
        throw new Error("nothing was kept");
      },
    },
  });
  savepoints.keepHistory(1, false);
  await savepoints.finish();
  expect([savepoints.waiting, savepoints.copying]).toEqual([false, false]);
  return { notices, failures };
}

test("a savepoint of stateHistory that cannot be kept is told of, and the run goes on", async () => {
  expect(await heardOf(new Error("ENOSPC: no space left on device, write"))).toEqual({
    notices: [
      'The savepoint "auto-1" of stateHistory was not kept, or older ones not removed: ENOSPC: no space left on device, write. The run goes on without it; the next one is tried when it is due.',
    ],
    failures: [],
  });
});

test("a savepoint of stateHistory that finds another process in the state ends the run", async () => {
  const fenced = new DataflowError("DF_FENCED", "Another process has the state.");
  expect(await heardOf(fenced)).toEqual({ notices: [], failures: [fenced] });
});
