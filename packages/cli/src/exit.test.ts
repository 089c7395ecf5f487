import { DataflowError } from "@df/core";
import { expect, test } from "vitest";
import { exitCodeOf, explain } from "./exit.ts";

test.each<[string, unknown, number]>([
  [
    "what may succeed when it is tried again",
    new DataflowError("DF_SINK_CONFLICT", "m", { transient: true }),
    4,
  ],
  ["a system that does not answer", new DataflowError("DF_UNREACHABLE", "m"), 4],
  [
    "a state that no longer fits, also if it may pass",
    new DataflowError("DF_FENCED", "m", { transient: true }),
    5,
  ],
  ["a state that another process has", new DataflowError("DF_ALREADY_RUNNING", "m"), 6],
  ["a wrong parameter", new DataflowError("DF_PARAM", "m"), 2],
  ["any other refusal", new DataflowError("DF_REJECTED", "m"), 1],
  ["an error of the user's own", new TypeError("m"), 1],
  ["anything else that is thrown", "m", 1],
])("the exit code tells %s", (_what, thrown, code) => {
  expect(exitCodeOf(thrown)).toBe(code);
});

test("our own errors are told in words, bugs and others with the place where they came from", () => {
  expect(explain(new DataflowError("DF_X", "It is so."))).toBe("It is so. [DF_X]");
  expect(explain(new DataflowError("DF_BUG", "It is so."))).toMatch(
    /^DataflowError: It is so\. \[DF_BUG\]\n\s+at /,
  );
  expect(explain(new TypeError("no"))).toMatch(/^TypeError: no\n\s+at /);
  expect(explain("just text")).toBe("just text");
});
