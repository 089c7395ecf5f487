import { pick, t } from "@df/core";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DecodedLines } from "../decoder.ts";
import { JsonLines } from "./lines.ts";
import { Walks } from "./walks.ts";

const Event = t.row({
  type: t.string(),
  eid: t.int(),
  dateTime: t.timestamp({ json: "us" }),
  auction: t.int().optional(),
  price: t.float64().optional(),
  name: t.string().optional(),
}).schema;
const COLUMNS = pick(Event, ["type", "dateTime", "auction", "price"]);
const RECORD_BYTES_MAX = 1000;

type Value = string | number | null;
const number = fc.oneof(fc.nat(), fc.nat(99), fc.constantFrom(-1, 0, 12_345_678, 123_456_789_012));
const text = fc.string({ unit: fc.constantFrom(...Array.from("abcdefg -/:.?=é")), maxLength: 70 });

/** Persons, auctions and bids, as they come mixed in one stream. */
const event: fc.Arbitrary<Record<string, Value>> = fc
  .tuple(number, number, number, text, text, fc.nat(15))
  .map(([eid, id, price, one, other, kind]) => {
    const dateTime = 1_700_000_000_000 + eid;
    if (kind === 0) return { type: "person", eid, number: id, name: one, city: other, dateTime, extra: one };
    if (kind < 3)
      return { type: "auction", eid, number: id, item: other, reserve: price, dateTime, extra: one };
    return { type: "bid", eid, auction: id, price: price / 4, url: one, dateTime, extra: other };
  });

/** Pieces that turn a valid line into another one, or into none. */
const PIECES = (
  '" \\\\ { } , : 0 9 - . e [ ] é null 1e3 99999999999999999 \\\\" \\\\\\\\ \\\\u0041 \\\\x 00 -0 true "" ' +
  ' \\t \\r \\u0001 ":  , , 1.5 \\u007f'
)
  .split(" ")
  .map((piece) => piece.replace(/\\u00../, (code) => JSON.parse(`"${code}"`) as string));

interface Change {
  readonly at: number;
  readonly piece: string;
  readonly removed: number;
}
const change: fc.Arbitrary<Change> = fc.record({
  at: fc.nat(400),
  piece: fc.constantFrom(...PIECES, "", "\t", "\r"),
  removed: fc.oneof(fc.constant(0), fc.constant(1), fc.nat(12)),
});

function changed(line: string, { at, piece, removed }: Change): string {
  const place = at % (line.length + 1);
  return line.slice(0, place) + piece + line.slice(place + removed);
}

const lines = fc
  .array(fc.tuple(event, fc.option(fc.array(change, { minLength: 1, maxLength: 2 }), { freq: 3 })), {
    minLength: 20,
    maxLength: 60,
  })
  .map((all) => all.map(([object, changes]) => (changes ?? []).reduce(changed, JSON.stringify(object))));

/** Whether a number is whole by its digits: JSON.parse rounds, and this decoder does not. */
function isWhole(text: string): boolean {
  const [mantissa = "", exponent = "0"] = text.split(/e/i);
  const [whole = "", decimals = ""] = mantissa.split(".");
  const places = decimals.length - Number(exponent);
  return places <= 0 || /^-?0*$/.test(`${whole}${decimals}`.slice(-places));
}

/** An integer column's number with a rest that JSON.parse rounded away becomes NaN. */
function exact(key: string, value: unknown, context: unknown): unknown {
  const { source } = context as { readonly source?: string };
  const isRounded = key !== "price" && Number.isInteger(value) && source !== undefined && !isWhole(source);
  return isRounded ? Number.NaN : value;
}

/** What JSON.parse makes of a line: its wanted columns, undefined where the line is no such record. */
function parsed(line: string): unknown[] | undefined {
  let object: unknown;
  try {
    object = JSON.parse(line, exact as (key: string, value: unknown) => unknown);
  } catch {
    return undefined;
  }
  if (typeof object !== "object" || object === null || Array.isArray(object)) return undefined;
  const { type, dateTime, auction, price, eid } = object as Record<string, unknown>;
  const isInt = (value: unknown): boolean => Number.isSafeInteger(value);
  const isOptional = (value: unknown, is: (value: unknown) => boolean): boolean =>
    value === undefined || value === null || is(value);
  const fits =
    typeof type === "string" &&
    isInt(dateTime) &&
    eid !== undefined &&
    isOptional(auction, isInt) &&
    isOptional(price, (value) => typeof value === "number" && Number.isFinite(value));
  return fits ? [type, dateTime, auction ?? null, price ?? null].map(withoutMinus) : undefined;
}

const withoutMinus = (value: unknown): unknown => (value === 0 ? 0 : value);

function rows({ length, columns }: DecodedLines): unknown[][] {
  const at = (row: number): unknown[] =>
    columns.map((column) => {
      if (column.validity?.[row] === 0) return null;
      if (column.layout !== "text") return withoutMinus(Number(column.values[row]));
      return Buffer.from(column.bytes.subarray(column.starts[row], column.ends[row])).toString();
    });
  return Array.from({ length }, (_, row) => at(row));
}

function opened(): JsonLines {
  const walks = new Walks({ schema: Event, columns: COLUMNS, recordBytesMax: RECORD_BYTES_MAX });
  expect(walks.kernel).toBeDefined();
  return new JsonLines(Event, COLUMNS, { recordBytesMax: RECORD_BYTES_MAX, walks });
}

/** Layouts are learned, and the kernel is made, before anything is changed. */
const LESSON = [
  { type: "person", eid: 1, number: 1, name: "a", city: "b", dateTime: 1, extra: "" },
  { type: "auction", eid: 1, number: 1, item: "a", reserve: 1, dateTime: 1, extra: "" },
  { type: "bid", eid: 1, auction: 1, price: 1, url: "a", dateTime: 1, extra: "" },
].flatMap((object) => Array.from({ length: 4 }, () => `${JSON.stringify(object)}\n`));
const encode = (joined: string): Uint8Array => new TextEncoder().encode(joined);

describe("a kernel", () => {
  it("takes the lines that JSON.parse takes, where their values fit, and reads the same", () => {
    fc.assert(
      fc.property(lines, (all) => {
        const decoder = opened();
        decoder.decode(encode(LESSON.join("")), 0, true, 4096);
        const decoded = decoder.decode(encode(all.map((line) => `${line}\n`).join("")), 0, true, 4096);
        const expected = all.flatMap((line) => (line.trim() === "" ? [] : [parsed(line)]));
        expect(rows(decoded)).toEqual(expected.filter((row) => row !== undefined));
        expect(decoded.invalid).toHaveLength(expected.filter((row) => row === undefined).length);
      }),
      { numRuns: 300 },
    );
  });

  it("reads the same however bytes are cut, at every byte, whatever it read before", () => {
    fc.assert(
      fc.property(fc.array(event, { minLength: 2, maxLength: 3 }), (objects) => {
        const bytes = encode(objects.map((object) => `${JSON.stringify(object)}\n`).join(""));
        const decoder = opened();
        decoder.decode(encode(LESSON.join("")), 0, true, 4096);
        const whole = rows(decoder.decode(bytes, 0, true, 4096));
        for (let cut = 1; cut < bytes.length; cut++) {
          const before = decoder.decode(bytes.subarray(0, cut), 0, false, 4096);
          const first = rows(before);
          const after = decoder.decode(bytes.subarray(before.consumed), before.consumed, true, 4096);
          expect([...first, ...rows(after)]).toEqual(whole);
        }
      }),
      { numRuns: 10 },
    );
  });
});
