import { DataflowError } from "@df/core";
import { expect, test } from "vitest";
import { mayPass } from "./tell.ts";

test.each<[string, unknown, boolean]>([
  ["an error that nobody caught", new TypeError("x is undefined"), true],
  ["what is marked as transient", new DataflowError("DF_X", "Busy.", { transient: true }), true],
  ["a disk that does not take a write", new DataflowError("DF_STORE_IO", "No space."), true],
  ["a thread of the state that died", new DataflowError("DF_STATE_CLOSED", "The state is closed."), true],
  ["a callback that throws", new DataflowError("DF_CALLBACK", "No mail."), true],
  ["an iterable that throws", new DataflowError("DF_SOURCE_FAILED", "No link."), true],
  ["a row that nothing takes", new DataflowError("DF_REJECTED", "Seven is bad."), false],
  ["a plan that no longer fits", new DataflowError("DF_PLAN_CHANGED", "Undo it."), false],
  ["a state that somebody has", new DataflowError("DF_ALREADY_RUNNING", "Stop it."), false],
])("%s may pass, or not", (_what, thrown, passes) => {
  expect(mayPass(thrown)).toBe(passes);
});
