import { describe, expect, test } from "vitest";
import { pipeline, secret, t, type ParamValues } from "./index.ts";
import { untyped } from "./stand-ins.ts";

describe("parameters", () => {
  const Params = t.row({
    region: t.enum("eu", "us"),
    min: t.int64(),
    from: t.timestamp().nullable(),
    price: t.decimal(5, 2).optional(),
    dry: t.bool().nullable(),
    day: t.date().nullable(),
    extra: t.json().nullable(),
  });
  const values = (given: ParamValues): unknown => {
    let seen: unknown;
    pipeline("p", { params: Params }, (_p, params) => {
      seen = params;
    }).build(given);
    return seen;
  };

  test("come as text and are read as lambdas read a row", () => {
    expect(
      values({
        region: "eu",
        min: "12",
        from: "2026-01-01T00:00:00Z",
        price: "1.5",
        dry: "true",
        day: "2026-02-03",
        extra: "[1]",
      }),
    ).toEqual({
      region: "eu",
      min: 12n,
      from: Date.UTC(2026, 0, 1),
      price: "1.50",
      dry: true,
      day: "2026-02-03",
      extra: [1],
    });
    expect(values({ region: "us", min: "-1" })).toMatchObject({ from: null, price: null });
  });

  test.each([
    [{ region: "eu" }, 'Parameter "min" (int64) is missing'],
    [{ region: "mars", min: "1" }, "mars"],
    [{ region: "eu", min: "1.5" }, 'Parameter "min" is "1.5"'],
    [{ region: "eu", min: "99999999999999999999" }, "DF_PARAM"],
    [{ region: "eu", min: "1", from: "yesterday" }, "ISO 8601"],
    [{ region: "eu", min: "1", dry: "yes" }, "true or false"],
    [{ region: "eu", min: "1", day: "2026-02-30" }, "DF_PARAM"],
    [{ region: "eu", min: "1", extra: "{" }, "JSON"],
    [{ region: "eu", min: "1", zone: "x" }, 'no parameter "zone"'],
  ])("%j are refused", (given, words) => {
    expect(() => values(untyped(given))).toThrow(words);
    expect(() => values(untyped(given))).toThrow("DF_PARAM");
  });

  test("are refused where none are declared", () => {
    expect(() => pipeline("p", () => {}).build({ x: "1" })).toThrow("declares none");
  });

  test("come as values too, which are read the same", () => {
    const texts = {
      region: "eu",
      min: "12",
      from: "2026-01-01T00:00:00Z",
      price: "1.5",
      dry: "true",
      extra: "[1]",
    };
    const native = { ...texts, min: 12, from: new Date("2026-01-01"), dry: true, extra: [1], day: null };
    expect(values(native)).toEqual(values(texts));
    expect(values({ region: "eu", min: 12n })).toEqual(values({ region: "eu", min: "12" }));
  });

  test("have defaults, which a value that is given replaces", () => {
    let seen: unknown;
    const definition = pipeline(
      "p",
      { params: Params, defaults: { region: "us", min: 5n } },
      (_p, params) => {
        seen = params;
      },
    );
    expect(definition.build({ region: "eu" }).params).toMatchObject({ region: "eu", min: "5", dry: "null" });
    expect(seen).toMatchObject({ region: "eu", min: 5n });
    const mars = pipeline("p", { params: Params, defaults: untyped({ region: "mars", min: 1n }) }, () => {});
    expect(() => mars.build()).toThrow(
      /"region" \(string\) from the defaults of the pipeline: .*mars.*DF_PARAM/,
    );
    expect(() => pipeline("p", { params: Params, defaults: untyped({ zone: "x" }) }, () => {})).toThrow(
      'defaults has no option "zone"',
    );
  });

  test("may have a name that every object has", () => {
    const odd = pipeline(
      "p",
      { params: t.row({ constructor: t.string(), valueOf: t.int().nullable() }) },
      () => {},
    );
    expect(odd.build({ constructor: "x" }).params).toEqual({ constructor: "x", valueOf: "null" });
    expect(() => odd.build()).toThrow('"constructor" (string) is missing');
  });

  test("that do not fit say where they came from", () => {
    const definition = pipeline("p", { params: Params }, () => {});
    const build =
      (given: ParamValues): unknown =>
      () =>
        definition.build(given, { min: "--param", region: "x.ts" });
    expect(build({ region: "eu", min: "two" })).toThrow(
      '"min" from --param is "two", but it must be an integer',
    );
    expect(build({ region: 7, min: "2" })).toThrow('"region" (string) from x.ts: the number 7 is no string');
    expect(build({ region: "eu", min: null })).toThrow('"min" (int64) from --param: is null');
  });

  describe("that are secrets", () => {
    const definition = pipeline(
      "p",
      { params: Params, secrets: ["salt", "token"] },
      (_p, { salt, token }) => {
        seen = [salt.toString(), token.toString()];
      },
    );
    let seen: unknown;
    const given = { region: "eu", min: 1 } as const;

    test("come as references, and the plan remembers those", () => {
      const { params } = definition.build({ ...given, salt: "env:SALT", token: secret("file:/run/token") });
      expect(seen).toEqual(["secret(env:SALT)", "secret(file:/run/token)"]);
      expect(params).toMatchObject({ salt: "secret(env:SALT)", token: "secret(file:/run/token)", min: "1" });
    });

    test("are refused by value, without saying it, and when they are missing", () => {
      const plain = (): unknown =>
        definition.build({ ...given, salt: "hunter22", token: "env:T" }, { salt: "--param" });
      expect(plain).toThrow(
        /"salt" \(secret\) from --param is given by value\. Give a reference, env:NAME.*DF_PARAM/,
      );
      expect(plain).not.toThrow("hunter22");
      expect(() => definition.build({ ...given, token: "env:T" })).toThrow(
        '"salt" (secret) is missing. Give a ref',
      );
    });

    test("are not given to a parameter that is none", () => {
      expect(() =>
        definition.build({ region: secret("env:R"), min: 1, salt: "env:S", token: "env:T" }),
      ).toThrow(
        '"region" (string) is secret(env:R), but the pipeline reads it as a value. Have it declare a secret',
      );
    });

    test("have a name that nothing else has", () => {
      expect(() => pipeline("p", { params: Params, secrets: ["min"] }, () => {})).toThrow(
        '"min" is declared twice',
      );
    });
  });
});
