import { BATCH_ROWS_MAX, pick, t } from "@df/core";
import fc from "fast-check";
import { expect, it, onTestFinished, vi } from "vitest";
import { ColumnReader } from "./columns.ts";
import { opener, told } from "./kernel.testing.ts";
import type { Opening } from "./kernel.testing.ts";

const { schema: EVERY } = t.row({
  text: t.string(),
  note: t.string().nullable(),
  gone: t.string().optional(),
  lost: t.int32().optional(),
  kind: t.enum("", "red", "redder", 'gr"n', "0", "é"),
  isOn: t.bool().nullable(),
  small: t.int32().nullable(),
  whole: t.int(),
  long: t.int64().nullable(),
  real: t.float64().nullable(),
  money: t.decimal(12, 2),
  tiny: t.decimal(18, 9).nullable(),
  at: t.timestamp().nullable(),
  ms: t.timestamp({ json: "ms" }),
  day: t.date(),
  bytes: t.bytes().nullable(),
  json: t.json().nullable(),
});
const NAMES = EVERY.fields.map(({ name }) => name);
/** Columns that no header names. */
const ABSENT = new Set(["gone", "lost"]);

const words = (all: string): fc.Arbitrary<string> => fc.constantFrom(...all.split(" "));
/** In a few of a hundred cases the other. */
const usually = <A>(one: fc.Arbitrary<A>, other: fc.Arbitrary<A>): fc.Arbitrary<A> =>
  fc.oneof({ weight: 20, arbitrary: one }, { weight: 1, arbitrary: other });
const mostly = (one: fc.Arbitrary<string>, other: string): fc.Arbitrary<string> => usually(one, words(other));
const whole = mostly(
  fc.oneof(fc.integer({ min: -999, max: 99_999 }), fc.integer(), fc.nat(9)).map(String),
  "-0 00 01 - 1.0 1.5 1e3 12345678 123456789012345 1234567890123456 9007199254740993 99999999999999999999 x",
);
const fraction = mostly(
  fc.integer({ min: -9_999_999, max: 9_999_999 }).map((value) => String(value / 100)),
  "0 -0 -0.0 .5 5. 0.125 1e-3 1e400 123456.1234567890 NaN -Infinity 1.5.5",
);
const text = fc.string({ unit: fc.constantFrom(...Array.from("abcdef 0-é'\"\t,;|\r\n\\")), maxLength: 24 });
const time = fc
  .date({ min: new Date("1690-01-01"), max: new Date("2260-01-01"), noInvalidDate: true })
  .map((one) => one.toISOString());
/** What is written for the values of a column. */
const values: Readonly<Record<string, fc.Arbitrary<string>>> = {
  text,
  note: text,
  gone: text,
  lost: whole,
  other: text,
  kind: mostly(words("red redder 0 é"), 'gr"n re reddest'),
  isOn: mostly(words("true false"), "True tru truer 1"),
  small: whole,
  whole,
  long: whole,
  real: fraction,
  money: fraction,
  tiny: fraction,
  at: mostly(
    time,
    "2024-05-01T24:00:00Z 2024-05-01T12:00:00+02:00 2024-05-01T12:00Z 2024-05-01T12:00:00.1234567Z",
  ),
  ms: whole,
  day: mostly(
    time.map((one) => one.slice(0, 10)),
    "2024-02-30 2024-2-1 2024-02-29 2024-02-290",
  ),
  bytes: words("AQID /w== QQ=="),
  json: mostly(words('{"a":1} [1,2] 1.5 "x"'), "null { 1x"),
};

/** Bytes of a record that are replaced. */
interface Slip {
  readonly at: number;
  readonly removed: number;
  readonly piece: string;
}
const slip: fc.Arbitrary<Slip> = fc.record({
  at: fc.nat(80),
  removed: fc.constantFrom(0, 1, 4),
  piece: fc.constantFrom('"', "'", '""', ",", ";", "\n", "\r", "\r\n", "\0", "é", "x", "", "\uD83D\uDE00"),
});

const slipped = (line: string, { at, removed, piece }: Slip): string => {
  const place = at % (line.length + 1);
  return line.slice(0, place) + piece + line.slice(place + removed);
};

interface Line {
  readonly cells: Readonly<{ [name: string]: string }>;
  /** Fields that are null, or never in quotes, and how eagerly others are. */
  readonly nulls: readonly number[];
  readonly bare: readonly number[];
  readonly eager: readonly number[];
  readonly slips: readonly Slip[];
}

const dialects = fc
  .record({
    header: fc.boolean(),
    delimiter: fc.constantFrom(",", ",", ";", "\t", " ", "'", ":"),
    quote: fc.constantFrom('"', '"', "'"),
    nulls: fc.constantFrom("", "", "NULL", "0", "é", "red", "x".repeat(40)),
    recordBytesMax: fc.constantFrom(1_000_000, 1_000_000, 70, 50),
  })
  .filter(({ delimiter, quote }) => delimiter !== quote);

/** A file, and how it is read. */
const files = fc
  .record({
    dialect: dialects,
    names: fc.shuffledSubarray(NAMES, { minLength: 1, maxLength: 6 }),
    read: fc.nat(63),
    lineEnd: fc.constantFrom("\n", "\r\n"),
    eagerness: fc.constantFrom(0, 1, 8),
    broken: usually<number | undefined>(fc.constant(undefined), fc.nat()),
  })
  .chain(({ names, ...rest }) => {
    const { header } = rest.dialect;
    const schema = pick(EVERY, names);
    const fields = header
      ? [...names.filter((name) => !ABSENT.has(name)), "other"]
      : schema.fields.map(({ name }) => name);
    const cells = fc.record(
      Object.fromEntries(fields.map((name) => [name, values[name] as fc.Arbitrary<string>])),
    );
    const record: fc.Arbitrary<Line> = fc.record({
      cells,
      nulls: fc.array(fc.nat(40), { maxLength: 2 }),
      bare: fc.array(fc.nat(40), { maxLength: 2 }),
      eager: fc.array(fc.nat(7), { minLength: 7, maxLength: 7 }),
      slips: usually<Slip[]>(fc.constant([]), fc.array(slip, { minLength: 1, maxLength: 2 })),
    });
    return fc
      .array(record, { minLength: 3, maxLength: 20 })
      .map((records) => ({ ...rest, schema, fields, records }));
  })
  .map(({ dialect, schema, fields, records, read, lineEnd, eagerness, broken }) => {
    const { delimiter, quote, nulls } = dialect;
    const quoted = (content: string): string => quote + content.replaceAll(quote, quote + quote) + quote;
    const isSpecial = (content: string): boolean =>
      [delimiter, quote, "\n", "\r"].some((one) => content.includes(one));
    const lines = records.map(({ cells, nulls: empty, bare, eager, slips }) => {
      const line = fields.map((name, at) => {
        if (empty.includes(at)) return nulls;
        const content = cells[name] as string;
        const isEager = isSpecial(content) || (eager[at] as number) < eagerness;
        return isEager && !bare.includes(at) ? quoted(content) : content;
      });
      return slips.reduce(slipped, line.join(delimiter));
    });
    const head = dialect.header ? fields.join(delimiter) + lineEnd : "";
    const bytes = new TextEncoder().encode(head + lines.join(lineEnd) + lineEnd.repeat(read % 2));
    if (broken !== undefined && bytes.length > head.length) {
      bytes[head.length + (broken % (bytes.length - head.length))] = 0xff;
    }
    const columns = { fields: schema.fields.filter((_, at) => at === 0 || ((read >> at) & 1) === 0) };
    return { bytes, opening: { schema, columns, ...dialect } satisfies Opening };
  });

it("a kernel gives what is given without: rows, refusals, reasons, places and how far it came, however bytes are cut", () => {
  const twin = vi.spyOn(ColumnReader.prototype, "readRecord");
  // Files share a worker.
  onTestFinished(() => twin.mockRestore());
  let rows = 0;
  fc.assert(
    fc.property(
      files,
      fc.array(fc.nat(200), { maxLength: 4 }),
      fc.constantFrom(1, 3, BATCH_ROWS_MAX),
      ({ opening, bytes }, cuts, rowsMax) => {
        const { decoder: kernel } = opener(opening, true)(bytes);
        const { decoder: plain, first = bytes.length } = opener(opening, false)(bytes);
        let at = first;
        for (const cut of [...cuts, Infinity]) {
          const end = Math.min(bytes.length, at + cut);
          for (let consumed = -1; consumed !== 0; at += consumed) {
            const [piece, isEnd] = [bytes.subarray(at, end), end === bytes.length];
            const expected = told(opening.columns, plain.decode(piece, at, isEnd, rowsMax));
            const decoded = kernel.decode(piece, at, isEnd, rowsMax);
            expect(told(opening.columns, decoded)).toEqual(expected);
            rows += decoded.length;
            ({ consumed } = decoded);
          }
        }
        expect(at).toBe(bytes.length);
      },
    ),
    { numRuns: 120 },
  );
  // A kernel has read most of them.
  expect(twin.mock.calls.length).toBeLessThan(rows / 2);
});
