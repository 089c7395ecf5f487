import { pipeline, t, type ParamValues, type PipelineDefinition } from "dataflow";
import { describe, expect, test } from "vitest";
import { resolveParams, variableOf } from "./resolve-params.ts";
import type { Environment, Resolved } from "./resolve-settings.ts";

function declaring(name: string, ...names: readonly string[]): PipelineDefinition {
  const columns = Object.fromEntries(names.map((each) => [each, t.string()]));
  return pipeline(name, { params: t.row(columns), secrets: ["key"] }, () => {});
}

function resolved(given: {
  readonly flags?: Readonly<Record<string, string>>;
  readonly environment?: Environment;
  readonly profile?: ParamValues;
  readonly base?: ParamValues;
}): Resolved {
  const { flags = {}, environment = {}, profile = {}, base = {} } = given;
  const layers = [
    { origin: "profile", params: profile },
    { origin: "base", params: base },
  ];
  return {
    settings: {
      stateDir: "x",
      parallelism: 1,
      decodeThreads: 0,
      stateBudget: "20%",
      follow: false,
      drain: false,
      unsafeStateFs: false,
      restart: false,
      json: false,
    },
    origins: {
      stateDir: "",
      parallelism: "",
      decodeThreads: "",
      stateBudget: "",
      follow: "",
      drain: "",
      unsafeStateFs: "",
      restart: "",
      json: "",
    },
    file: undefined,
    profile: undefined,
    layers,
    flags: { param: flags },
    environment,
  };
}

test.each([
  ["region", "DATAFLOW_PARAM_REGION"],
  ["userId", "DATAFLOW_PARAM_USER_ID"],
  ["user_id", "DATAFLOW_PARAM_USER_ID"],
  ["max2Rows", "DATAFLOW_PARAM_MAX2_ROWS"],
  ["a-b", "DATAFLOW_PARAM_A_B"],
])("the variable of %s is %s", (name, variable) => {
  expect(variableOf(name)).toBe(variable);
});

test("the first of flag, environment, profile and configuration that has a parameter decides, and is named", () => {
  const given = {
    base: { a: 1, b: 1, c: 1, d: 1, other: 1 },
    profile: { a: 2, b: 2, c: 2, key: "env:KEY" },
    environment: { DATAFLOW_PARAM_A: "3", DATAFLOW_PARAM_B: "" },
    flags: { a: "4" },
  };
  expect(resolveParams([declaring("p", "a", "b", "c", "d", "e")], resolved(given))).toEqual([
    {
      values: { a: "4", b: "", c: 2, d: 1, key: "env:KEY" },
      origins: { a: "--param", b: "DATAFLOW_PARAM_B", c: "profile", d: "base", key: "profile" },
    },
  ]);
});

test("each of several pipelines gets what it declares, and all what nobody declares on the command line", () => {
  const given = { base: { a: 1, b: 2 }, flags: { b: "3", zone: "eu" } };
  const both = resolveParams([declaring("p", "a", "b"), declaring("q", "b")], resolved(given));
  expect(both.map(({ values }) => values)).toEqual([
    { a: 1, b: "3", zone: "eu" },
    { b: "3", zone: "eu" },
  ]);
});

describe("a name that is nearly a parameter's is refused", () => {
  test.each<[string, Parameters<typeof resolved>[0], string]>([
    [
      "in the configuration",
      { base: { regoin: 1 } },
      '"regoin" is given by base, but no pipeline of the file declares it. Did you mean region?',
    ],
    [
      "in the environment",
      { environment: { DATAFLOW_PARAM_REGON: "x" } },
      '"DATAFLOW_PARAM_REGON" is given by the environment, but no pipeline of the file declares it. Did you mean DATAFLOW_PARAM_REGION?',
    ],
  ])("%s", (_where, given, says) => {
    expect(() => resolveParams([declaring("p", "region")], resolved(given))).toThrow(says);
  });

  test("but not where that one is given too: the other may be another file's", () => {
    const given = { base: { regions: "x", region: "y" } };
    expect(resolveParams([declaring("p", "region")], resolved(given))[0]?.values).toEqual({ region: "y" });
  });
});
