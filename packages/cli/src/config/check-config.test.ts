import { defineConfig, secret } from "dataflow";
import { describe, expect, test } from "vitest";
import { checkedConfig, profileOf } from "./check-config.ts";

const whole = defineConfig({
  stateDir: "./state",
  parallelism: 4,
  decodeThreads: 2,
  stateBudget: "512MiB",
  follow: true,
  drain: false,
  json: true,
  params: { least: 2n, from: new Date(0), salt: secret("env:SALT"), note: null },
  profiles: { prod: { stateDir: "/var/lib/dataflow", params: { least: "3" } }, "a b": {} },
});

test("a configuration with every setting is taken as it is", () => {
  expect(checkedConfig(whole, "f.ts")).toBe(whole);
  expect(profileOf(whole, "prod", "f.ts")).toBe(whole.profiles?.["prod"]);
});

describe("a configuration is refused, naming file, key and remedy, when", () => {
  test.each<[string, unknown, string]>([
    [
      "nothing is exported",
      undefined,
      "In f.ts: it has no default export. Write: export default defineConfig(",
    ],
    ["a function is exported", () => whole, "it exports a function. Write: export default defineConfig("],
    ["a promise is exported", Promise.resolve(whole), "it exports a promise. Write: export default"],
    ["params are a map", { params: new Map() }, "params is an object of a class. It is an object."],
    [
      "a key is unknown",
      { paralelism: 2 },
      'there is no setting "paralelism". Did you mean parallelism? There are: stateDir, parallelism, decodeThreads, stateBudget, follow, drain, unsafeStateFs, restart, json, params, profiles.',
    ],
    [
      "a key of a profile is unknown",
      { profiles: { prod: { profiles: {} } } },
      'there is no setting "profiles.prod.profiles". There are: stateDir, parallelism, decodeThreads, stateBudget, follow, drain, unsafeStateFs, restart, json, params.',
    ],
    ["a number is text", { parallelism: "4" }, 'parallelism is "4". It is a number from 1 to 128.'],
    [
      "a number is out of range",
      { profiles: { p: { parallelism: 129 } } },
      "profiles.p.parallelism is 129. It is",
    ],
    [
      "a size has no unit of ours",
      { stateBudget: "512MB" },
      'stateBudget is "512MB". It is 1 MiB or more, as',
    ],
    ["a truth is text", { follow: "yes" }, 'follow is "yes". It is true or false.'],
    ["a path is empty", { stateDir: "" }, 'stateDir is "". It is the path of a directory.'],
    ["a setting is undefined", { drain: undefined }, "drain is undefined. It is true or false."],
    ["profiles are an array", { profiles: [] }, "profiles is an array. It is an object."],
    ["a profile is none", { profiles: { prod: 1 } }, "profiles.prod is 1. It is an object."],
    ["params are no object", { params: "x=1" }, 'params is "x=1". It is an object.'],
    ["params are one secret", { params: secret("env:X") }, "params is secret(env:X). It is an object."],
    [
      "a parameter is undefined",
      { params: { x: undefined } },
      "params.x is undefined. Give it a value, or leave",
    ],
  ])("%s", (_when, exported, says) => {
    expect(() => checkedConfig(exported, "f.ts")).toThrow(says);
    expect(() => checkedConfig(exported, "f.ts")).toThrow(/^In f\.ts: .*\[DF_CONFIG\]$/);
  });

  test.each([
    ["prd", 'There is no profile "prd" in f.ts. Did you mean prod? There are: prod, a b. [DF_CONFIG]'],
    ["toString", 'There is no profile "toString" in f.ts. There are: prod, a b. [DF_CONFIG]'],
  ])("profile %s is asked for", (name, says) => {
    expect(() => profileOf(whole, name, "f.ts")).toThrow(says);
    expect(() => profileOf({}, name, "f.ts")).toThrow("It has none. [DF_CONFIG]");
  });
});
