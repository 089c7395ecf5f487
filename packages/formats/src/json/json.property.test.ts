import { t } from "@df/core";
import { batchOf, rowsOf } from "@df/core/batch/rows";
import { unicodeText } from "@df/testing/unicode-text";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { json } from "./json.ts";
import { read } from "./read.testing.ts";

/** JSON text of a string in which any character may be written with an escape. */
const spelled = (text: string, escapes: readonly boolean[]): string =>
  `"${Array.from(text)
    .map((character, i) =>
      escapes[i % Math.max(1, escapes.length)] === true
        ? Array.from(
            { length: character.length },
            (_, unit) => `\\u${character.charCodeAt(unit).toString(16).padStart(4, "0")}`,
          ).join("")
        : JSON.stringify(character).slice(1, -1),
    )
    .join("")}"`;

const micros = fc.maxSafeInteger();
const string = unicodeText(12);
const decimal = fc.bigInt({ min: -(10n ** 18n) + 1n, max: 10n ** 18n - 1n });
const date = fc.date({ min: new Date("0000-01-01"), max: new Date("9999-12-31"), noInvalidDate: true });

/** Decimal text of an unscaled value. */
function pointed(unscaled: bigint, scale: number): string {
  const digits = (unscaled < 0n ? -unscaled : unscaled).toString().padStart(scale + 1, "0");
  return `${unscaled < 0n ? "-" : ""}${digits.slice(0, digits.length - scale)}.${digits.slice(digits.length - scale)}`;
}

/** ISO text of microseconds, in a zone given in minutes. */
function isoOf(value: number, zone: number): string {
  const shifted = Math.floor(value / 1e6) + zone * 60;
  const fraction = (((value % 1e6) + 1e6) % 1e6).toString().padStart(6, "0");
  const sign = zone < 0 ? "-" : "+";
  const [hours, minutes] = [Math.floor(Math.abs(zone) / 60), Math.abs(zone) % 60];
  const zoneText = `${sign}${String(hours).padStart(2, "0")}:${String(minutes).padStart(2, "0")}`;
  return `${new Date(shifted * 1000).toISOString().slice(0, 19)}.${fraction}${zoneText}`;
}

const Every = t.row({
  bool: t.bool().nullable(),
  int32: t.int32().nullable(),
  int64: t.int64().nullable(),
  float64: t.float64().nullable(),
  decimal: t.decimal(18, 4).nullable(),
  string: t.string().optional(),
  bytes: t.bytes().nullable(),
  timestamp: t.timestamp().nullable(),
  date: t.date().nullable(),
  json: t.json().nullable(),
});

/** Pairs of a value as JSON text and as a lambda writes it. */
const cells = {
  bool: fc.boolean().map((value) => [String(value), value]),
  int32: fc.integer().map((value) => [String(value), value]),
  int64: fc.oneof(
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map((value) => [String(value), value]),
    fc
      .tuple(fc.bigInt({ min: -999n, max: 999n }), fc.nat(6))
      .map(([value, zeros]) => [`${value}e${zeros}`, value * 10n ** BigInt(zeros)]),
    fc.integer().map((value) => [`${value}.000`, BigInt(value)]),
  ),
  float64: fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => [Object.is(value, -0) ? "-0" : String(value), value]),
  decimal: fc
    .tuple(decimal, fc.boolean())
    .map(([value, quoted]) => [quoted ? `"${pointed(value, 4)}"` : pointed(value, 4), pointed(value, 4)]),
  string: fc
    .tuple(string, fc.array(fc.boolean(), { minLength: 1, maxLength: 5 }))
    .map(([value, escapes]) => [spelled(value, escapes), value]),
  bytes: fc
    .uint8Array({ maxLength: 9 })
    .map((value) => [`"${Buffer.from(value).toString("base64")}"`, value]),
  timestamp: fc
    .tuple(micros, fc.integer({ min: -1439, max: 1439 }))
    .map(([value, zone]) => [`"${isoOf(value, zone)}"`, value / 1000]),
  date: date.map((value) => [
    JSON.stringify(value.toISOString().slice(0, 10)),
    value.toISOString().slice(0, 10),
  ]),
  json: fc.jsonValue({ depthSize: "small" }).map((value) => [JSON.stringify(value), value]),
} as const;

const record = fc
  .tuple(
    fc.record(
      { ...cells },
      { requiredKeys: Object.keys(cells).filter((name) => name !== "string") as never },
    ),
    fc.array(fc.nat(9)),
    fc.constantFrom("", " ", "\t \r"),
  )
  .map(([row, order, blank]) => {
    const names = Object.keys(row) as (keyof typeof cells)[];
    for (const [i, move] of order.entries()) names.push(...names.splice((i + move) % names.length, 1));
    const members = names.map(
      (name) => `${JSON.stringify(name)}${blank}:${blank}${row[name]?.[0] as string}${blank}`,
    );
    const values = Object.fromEntries(Object.entries(row).map(([name, cell]) => [name, cell?.[1]]));
    return { line: `${blank}{${blank}${members.join(`,${blank}`)}}${blank}`, values };
  });

describe("JSON Lines", () => {
  it("gives back every value of every type, in any spelling, order and spacing", () => {
    fc.assert(
      fc.property(fc.array(record, { minLength: 1, maxLength: 8 }), (records) => {
        const text = records.map(({ line }) => line).join("\n");
        const expected = rowsOf(
          batchOf(
            Every.schema,
            records.map(({ values }) => values),
          ),
        );
        expect(read(Every, new TextEncoder().encode(text))).toEqual({ rows: expected, reasons: [] });
      }),
      { numRuns: 300 },
    );
  });

  it("reads any double in any decimal spelling like JSON.parse", () => {
    const digits = fc.stringMatching(/^(0|[1-9]\d{0,24})$/);
    const number = fc
      .tuple(
        fc.constantFrom("", "-"),
        digits,
        fc.stringMatching(/^(\.\d{1,20})?$/),
        fc.integer({ min: -330, max: 300 }),
      )
      .map(([sign, whole, fraction, exponent]) => `${sign}${whole}${fraction}e${exponent}`);
    const Double = t.row({ v: t.float64() });
    fc.assert(
      fc.property(number, (text) => {
        const expected: unknown = JSON.parse(text);
        const { rows } = read(Double, Buffer.from(`{"v":${text}}`));
        expect(rows.map((row) => row["v"])).toEqual(Number.isFinite(expected) ? [expected] : []);
      }),
      { numRuns: 3000 },
    );
  });

  it("reads the same rows however the bytes are cut", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.oneof(
            record.map(({ line }) => line),
            fc.constantFrom("bad", "", "{}"),
          ),
          { maxLength: 8 },
        ),
        fc.array(fc.nat(200)),
        fc.integer({ min: 1, max: 3 }),
        (lines, cuts, rowsMax) => {
          const bytes = new TextEncoder().encode(lines.join("\n"));
          const whole = json(Every).open(Every.schema, true).decode(bytes, 0, true, 4096);
          const decoder = json(Every).open(Every.schema, false);
          const positions: number[] = [];
          const invalid: number[] = [];
          let at = 0;
          for (const cut of [...cuts, Infinity]) {
            const end = Math.min(bytes.length, at + cut);
            for (;;) {
              const found = decoder.decode(bytes.subarray(at, end), at, end === bytes.length, rowsMax);
              positions.push(...found.positions.subarray(0, found.length));
              invalid.push(...found.invalid.map(({ position }) => position));
              at += found.consumed;
              if (found.consumed === 0) break;
            }
          }
          expect(at).toBe(bytes.length);
          expect(positions).toEqual([...whole.positions.subarray(0, whole.length)]);
          expect(invalid).toEqual(whole.invalid.map(({ position }) => position));
        },
      ),
      { numRuns: 200 },
    );
  });
});

// ── Against JSON.parse ───────────────────────────────────────────────────────────────────────────────────────────

const Loose = t.row({ f: t.float64().optional(), s: t.string().optional(), j: t.json().optional() });

/** What JSON.parse makes of a line, by the rules that README.md adds; undefined where it is refused. */
function oracle(bytes: Uint8Array): Record<string, unknown> | undefined {
  try {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== "object" || parsed === null || Array.isArray(parsed)) return undefined;
    const own = parsed as Record<string, unknown>;
    const { f = null, s = null, j = null } = own;
    if (f !== null && !Number.isFinite(f)) return undefined;
    if (s !== null && typeof s !== "string") return undefined;
    return { f, s, j };
  } catch {
    return undefined;
  }
}

/** Of two values of a key JSON.parse shows the last one only, while here the first one may already be refused. */
function hasRepeatedKey(bytes: Uint8Array): boolean {
  const keys = Array.from(
    Buffer.from(bytes)
      .toString()
      .matchAll(/"([fsj])"\s*:/g),
    ([, key]) => key,
  );
  return new Set(keys).size < keys.length;
}

/** Records that JSON.parse takes and this decoder refuses, as documented. */
const STRICTER = /duplicate key|half of a surrogate pair|levels deep/;

const seedLine = fc.oneof(
  fc
    .record({ f: fc.double(), s: string, j: fc.jsonValue(), x: fc.jsonValue() }, { requiredKeys: [] })
    .map((value) => JSON.stringify(value)),
  fc.constantFrom(
    '{"f":-1.5e+3,"s":"\\ud83d\\ude00\\u0041\\n","j":{"a":[true,false,null,{}]},"x":[[],0.1]}',
    '{ "s" : null , "j" : [ 1 , "é" , { "k" : "\\\\\\"" } ] , "f" : 0 }',
  ),
);
const interesting = fc.constantFrom(
  ...Buffer.from('{}[]:,"\\ue0123456789.+-Etrufalsn \t\r/bdDxj'),
  0,
  31,
  127,
  128,
  0xc3,
  0xa9,
  0xff,
);
const mutation = fc.tuple(fc.constantFrom("set", "insert", "delete", "repeat"), fc.nat(), interesting);

function mutated(line: string, mutations: readonly (readonly [string, number, number])[]): Uint8Array {
  const bytes = [...new TextEncoder().encode(line)];
  for (const [kind, place, byte] of mutations) {
    const at = place % Math.max(1, bytes.length);
    if (kind === "set") bytes[at] = byte;
    else if (kind === "insert") bytes.splice(at, 0, byte);
    else if (kind === "delete") bytes.splice(at, 1);
    else bytes.splice(at, 0, ...bytes.slice(at, at + (byte % 20)));
  }
  return Uint8Array.from(bytes);
}

describe("mutated lines", () => {
  it("are accepted and refused like JSON.parse does, but for the documented stricter rules, with equal values", () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(seedLine, fc.array(mutation, { maxLength: 3 }), (line, mutations) => {
        const bytes = mutated(line, mutations);
        if (/^(?:\uFEFF|[ \t\r]*$)/.test(Buffer.from(bytes).toString())) return;
        const { rows, reasons } = read(Loose, bytes);
        expect(rows.length + reasons.length).toBe(1);
        if (reasons.some((reason) => STRICTER.test(reason))) return;
        if (reasons.length > 0 && hasRepeatedKey(bytes)) return;
        const expected = oracle(bytes);
        if (expected === undefined) refused++;
        else accepted++;
        expect({ rows, reasons: reasons.length }).toEqual(
          expected === undefined ? { rows: [], reasons: 1 } : { rows: [expected], reasons: 0 },
        );
      }),
      { numRuns: 8000 },
    );
    expect(Math.min(accepted, refused)).toBeGreaterThan(500);
  });
});
