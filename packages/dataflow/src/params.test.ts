import { describe, expect, test } from "vitest";
import { pipeline, t } from "./index.ts";
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
  const values = (given: Record<string, string>): unknown => {
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
});
