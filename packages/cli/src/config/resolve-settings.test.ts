import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { resolveSettings, type Environment, type Flags, type Resolved } from "./resolve-settings.ts";

const none = mkdtempSync(join(tmpdir(), "dataflow-none-"));
const one = mkdtempSync(join(tmpdir(), "dataflow-one-"));
writeFileSync(join(one, "dataflow.config.ts"), "");

function resolve(flags: Flags, environment: Environment, exported?: unknown): Promise<Resolved> {
  const directory = exported === undefined ? none : one;
  return resolveSettings(flags, { directory, environment, load: async () => exported });
}

test("an empty variable is as one that is not set", async () => {
  const { settings, origins, profile } = await resolve(
    {},
    { DATAFLOW_STATE_DIR: "", DATAFLOW_PARALLELISM: "", DATAFLOW_PROFILE: "" },
    { parallelism: 3 },
  );
  expect([settings.stateDir, settings.parallelism, profile]).toEqual([".dataflow", 3, undefined]);
  expect(origins).toMatchObject({ stateDir: "default", parallelism: "dataflow.config.ts" });
});

test("a truth in a variable is true, false, 1 or 0", async () => {
  const { settings } = await resolve(
    {},
    { DATAFLOW_FOLLOW: "1", DATAFLOW_DRAIN: "0", DATAFLOW_JSON: "true" },
  );
  expect(settings).toMatchObject({ follow: true, drain: false, json: true });
});

test("a flag turns off what the configuration turns on", async () => {
  const { settings, origins } = await resolve({ follow: false, drain: true }, {}, { follow: true });
  expect(settings).toMatchObject({ follow: false, drain: true });
  expect(origins).toMatchObject({ follow: "--no-follow", drain: "--drain" });
});

test("variables of other programs are left alone", async () => {
  const { settings } = await resolve({}, { DATAFLOW_JOB_ID: "x", DATAFLOW_LOG: "info", DATAFLOW: "y" });
  expect(settings).toMatchObject({ parallelism: 1 });
});

describe("it is refused, with the origin, when", () => {
  test.each<[string, Flags, Environment, unknown, string]>([
    [
      "a flag is wrong",
      { parallelism: "0" },
      {},
      undefined,
      '--parallelism is "0". It is a number from 1 to 128.',
    ],
    [
      "a variable is wrong",
      {},
      { DATAFLOW_FOLLOW: "yes" },
      undefined,
      'DATAFLOW_FOLLOW is "yes". It is true or false.',
    ],
    [
      "a number is written in another way",
      {},
      { DATAFLOW_PARALLELISM: "1e1" },
      undefined,
      'DATAFLOW_PARALLELISM is "1e1"',
    ],
    [
      "a variable is nearly one that is read",
      {},
      { DATAFLOW_PARALELISM: "2" },
      undefined,
      "The environment has DATAFLOW_PARALELISM, which nothing reads. Did you mean DATAFLOW_PARALLELISM?",
    ],
    [
      "a profile is named where there is no configuration",
      { profile: "prod" },
      {},
      undefined,
      'There is no profile "prod": this directory has no dataflow.config.ts.',
    ],
    ["a variable names an unknown profile", {}, { DATAFLOW_PROFILE: "x" }, {}, 'There is no profile "x" in'],
    [
      "input is drained and followed",
      { drain: true },
      {},
      { follow: true },
      "is to be drained (--drain), and followed input (dataflow.config.ts) has none. Turn one off: --no-follow or",
    ],
  ])("%s", async (_when, flags, environment, exported, says) => {
    await expect(resolve(flags, environment, exported)).rejects.toThrow(says);
    await expect(resolve(flags, environment, exported)).rejects.toThrow("[DF_CONFIG]");
  });
});
