import { t } from "@df/core";
import { batchOf, rowsOf } from "@df/core/batch/rows";
import { unicodeText } from "@df/testing/unicode-text";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Inside, OpenLineDecoder } from "../decoder.ts";
import type { CsvOptions } from "./csv.ts";
import { csv } from "./csv.ts";
import { decode, opened, read, rowsFrom } from "./read.testing.ts";

// ── Rows, to text and back ───────────────────────────────────────────────────────────────────────────────────────

const Every = t.row({
  bool: t.bool().nullable(),
  int32: t.int32().nullable(),
  int64: t.int64().nullable(),
  float64: t.float64().nullable(),
  decimal: t.decimal(18, 4).nullable(),
  string: t.string().optional(),
  enum: t.enum("", "red", 'gr"n').nullable(),
  bytes: t.bytes().nullable(),
  timestamp: t.timestamp().nullable(),
  ms: t.timestamp({ json: "ms" }).nullable(),
  date: t.date().nullable(),
  json: t.json().nullable(),
});
type Name = keyof typeof Every.columns;
const NAMES = Object.keys(Every.columns) as Name[];

interface Cell {
  readonly text: string;
  readonly value: unknown;
}
const said = (text: string, value: unknown): Cell => ({ text, value });
const date = fc.date({ min: new Date("1700-01-01"), max: new Date("2250-12-31"), noInvalidDate: true });
const texts = fc.oneof(
  unicodeText(12),
  fc.string({ unit: fc.constantFrom('"', "'", ",", ";", "\n", "\r", "a", "é", " "), maxLength: 9 }),
);

/** Each value as the text that stands for it and as a lambda writes it. */
const cells: Readonly<Record<Name, fc.Arbitrary<Cell>>> = {
  bool: fc.boolean().map((value) => said(String(value), value)),
  int32: fc.integer().map((value) => said(String(value), value)),
  int64: fc
    .oneof(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }), fc.bigInt({ min: -99n, max: 10n ** 16n }))
    .map((value) => said(String(value), value)),
  float64: fc.double().map((value) => said(Object.is(value, -0) ? "-0" : String(value), value)),
  decimal: fc.bigInt({ min: -(10n ** 14n) + 1n, max: 10n ** 14n - 1n }).map((value) => {
    const text = `${value}.${String(value < 0n ? -value : value)
      .slice(-4)
      .padStart(4, "0")}`;
    return said(text, text);
  }),
  string: texts.map((value) => said(value, value)),
  enum: fc.constantFrom("", "red", 'gr"n').map((value) => said(value, value)),
  bytes: fc.uint8Array({ maxLength: 9 }).map((value) => said(Buffer.from(value).toString("base64"), value)),
  timestamp: date.map((value) => said(value.toISOString(), value)),
  ms: date.map((value) => said(String(value.getTime()), value)),
  date: date.map((value) => said(value.toISOString().slice(0, 10), value.toISOString().slice(0, 10))),
  json: fc.jsonValue({ depthSize: "small" }).map((value) => said(JSON.stringify(value), value)),
};

interface Written {
  readonly text: string;
  readonly rows: Record<string, unknown>[];
  readonly options: CsvOptions;
}

/** A naive writer: quotes what needs it, and sometimes what does not. */
const written: fc.Arbitrary<Written> = fc
  .record({
    rows: fc.array(fc.record(Object.fromEntries(NAMES.map((name) => [name, fc.option(cells[name])]))), {
      minLength: 1,
      maxLength: 7,
    }),
    order: fc.shuffledSubarray([...NAMES, "other"], { minLength: NAMES.length + 1 }),
    header: fc.boolean(),
    delimiter: fc.constantFrom(",", ";", "\t", "|", " "),
    quote: fc.constantFrom('"' as const, "'" as const),
    nulls: fc.constantFrom("", "NULL", "\\N", "0", "-1", "true"),
    lineEnd: fc.constantFrom("\n", "\r\n"),
    more: fc.infiniteStream(fc.boolean()),
    isEnded: fc.boolean(),
    mark: fc.constantFrom("", "\uFEFF"),
  })
  .map(({ rows, order, header, delimiter, quote, nulls, lineEnd, more, isEnded, mark }) => {
    const quoted = (text: string): string => {
      const isSpecial = [delimiter, quote, "\n", "\r"].some((one) => text.includes(one));
      if (!isSpecial && text !== nulls && text !== "" && more.next().value === true) return text;
      return quote + text.replaceAll(quote, quote + quote) + quote;
    };
    const columns = header ? order : NAMES;
    const lines = rows.map((row) =>
      columns
        .map((name) =>
          name === "other"
            ? quoted("x\n,")
            : row[name] === null || row[name] === undefined
              ? nulls
              : quoted(row[name].text),
        )
        .join(delimiter),
    );
    if (header) lines.unshift(columns.map(quoted).join(delimiter));
    return {
      text: mark + lines.join(lineEnd) + (isEnded ? lineEnd : ""),
      rows: rows.map((row) => Object.fromEntries(NAMES.map((name) => [name, row[name]?.value ?? null]))),
      options: { header, delimiter, quote, nulls },
    };
  });

const expectedOf = (rows: Record<string, unknown>[]): unknown => rowsOf(batchOf(Every.schema, rows));

describe("rows", () => {
  it("of every type come back from any way to write them", () => {
    fc.assert(
      fc.property(written, ({ text, rows, options }) => {
        expect(read(Every, text, options)).toEqual({ rows: expectedOf(rows), reasons: [] });
      }),
      { numRuns: 500 },
    );
  });

  it("come back whole however the bytes are cut, wherever reading begins again, with a decoder that knows nothing yet", () => {
    const bad = fc.constantFrom("bad", "", 'x"y\n', '"x"y\n', '"a\n"');
    fc.assert(
      fc.property(
        written,
        fc.array(bad, { maxLength: 2 }),
        fc.array(fc.nat(60)),
        fc.integer({ min: 1, max: 3 }),
        ({ text, options }, worse, cuts, rowsMax) => {
          const lineEnd = text.endsWith("\n") ? "" : "\n";
          const bytes = new TextEncoder().encode(text + lineEnd + worse.join("\n"));
          const { decoder, first } = opened(Every, bytes, options);
          const whole = decoder.decode(bytes.subarray(first), first, true, 4096);
          const wholeRows = rowsFrom(Every.schema, whole);
          const rows: unknown[] = [];
          const invalid: unknown[] = [];
          let at = first;
          let again: OpenLineDecoder = decoder;
          for (const cut of [...cuts, Infinity]) {
            const end = Math.min(bytes.length, at + cut);
            for (;;) {
              const found = again.decode(bytes.subarray(at, end), at, end === bytes.length, rowsMax);
              rows.push(...rowsFrom(Every.schema, found));
              invalid.push(...found.invalid);
              at += found.consumed;
              if (found.consumed === 0) break;
            }
            again = opened(Every, bytes, options).decoder;
          }
          expect(at).toBe(bytes.length);
          expect(rows).toEqual(wholeRows);
          expect(invalid).toEqual(whole.invalid);
        },
      ),
      { numRuns: 300 },
    );
  });
});

// ── Any bytes, against a parser by the letter ────────────────────────────────────────────────────────────────────

interface Naive {
  readonly at: number;
  readonly end: number;
  readonly fields: readonly (string | null)[];
  readonly isBad: boolean;
  readonly isOver: boolean;
}

/** RFC 4180 one character after the other; quotes in other places make a record bad and mean nothing. */
function parse(text: string): Naive[] {
  const records: Naive[] = [];
  let at = 0;
  while (at < text.length) {
    const start = at;
    const fields: (string | null)[] = [];
    let isBad = false;
    let state: "start" | "plain" | "quoted" | "closed" = "start";
    let value = "";
    let isQuoted = false;
    let isOver = false;
    let end = text.length;
    while (at < text.length && !isOver) {
      const letter = text[at] as string;
      const isBreak = letter === "\n" || (letter === "\r" && (text[at + 1] ?? "\n") === "\n");
      if (state === "quoted") {
        if (letter === '"') state = "closed";
        else value += letter;
        at++;
      } else if (state === "closed" && letter === '"') {
        value += '"';
        state = "quoted";
        at++;
      } else if (letter === "," || isBreak) {
        fields.push(value === "" && !isQuoted ? null : value);
        value = "";
        isQuoted = false;
        state = "start";
        isOver = isBreak;
        end = at;
        at += letter === "\r" ? 2 : 1;
      } else if (letter === '"' && state === "start") {
        state = "quoted";
        isQuoted = true;
        at++;
      } else {
        if (letter === '"' || letter === "\r" || state === "closed") isBad = true;
        state = "plain";
        value += letter;
        at++;
      }
    }
    if (!isOver) {
      if (state === "quoted") isBad = true;
      fields.push(value === "" && !isQuoted ? null : value);
      end = text.length;
    }
    records.push({ at: start, end, fields, isBad, isOver });
    at = Math.min(at, text.length);
  }
  return records;
}

const Three = t.row({ a: t.string().nullable(), b: t.string().nullable(), c: t.string().nullable() });
const soup = fc.oneof(
  fc.string({ unit: fc.constantFrom('"', ",", "\n", "\r", "a", "b", "\t", "\0", "é"), maxLength: 40 }),
  fc
    .array(fc.constantFrom("a", '"b"', '"c,d"', '"e\nf"', '""', "", '"g""h"', 'i"', "four", "fifth-field"), {
      maxLength: 12,
    })
    .map((fields) => fields.map((one, i) => one + (i % 3 === 2 ? "\n" : ",")).join("")),
);

describe("any text", () => {
  it("is read as RFC 4180 reads it, and what it forbids is refused", () => {
    let accepted = 0;
    let refused = 0;
    fc.assert(
      fc.property(soup, (text) => {
        const isEmptyLine = ({ fields, at, end }: Naive): boolean => fields.length === 1 && at === end;
        const records = parse(text).filter((record) => !isEmptyLine(record));
        const good = records.filter(({ fields, isBad }) => !isBad && fields.length === 3);
        const place = (unit: number): number => Buffer.byteLength(text.slice(0, unit));
        const { length, columns, positions, invalid } = decode(Three, text, { header: false });
        expect(rowsFrom(Three.schema, { length, columns })).toEqual(
          good.map(({ fields: [a, b, c] }) => ({ a, b, c })),
        );
        expect([...positions.subarray(0, length)]).toEqual(good.map(({ at }) => place(at)));
        expect(invalid.map(({ position, raw }) => [position, Buffer.from(raw).toString()])).toEqual(
          records
            .filter((record) => !good.includes(record))
            .map(({ at, end }) => [place(at), text.slice(at, end)]),
        );
        accepted += good.length;
        refused += invalid.length;
      }),
      { numRuns: 4000 },
    );
    expect(Math.min(accepted, refused)).toBeGreaterThan(500);
  });

  it("is passed from any byte of a record to the same end, in any pieces", () => {
    fc.assert(
      fc.property(soup, fc.nat(), fc.nat(9), (text, from, step) => {
        const bytes = new TextEncoder().encode(text);
        const decoder = csv(Three, { header: false }).open(Three.schema, true);
        const [record] = parse(text);
        if (record === undefined) return;
        const whole = decoder.pass(bytes, "start");
        const lineEnd = text[record.end] === "\r" ? 2 : 1;
        const end = record.isOver ? record.end + lineEnd : text.length;
        expect(whole.consumed).toBe(Buffer.byteLength(text.slice(0, end)));
        let inside: Inside | undefined = "start";
        let at = 0;
        for (
          let to = from % (whole.consumed + 1);
          inside !== undefined && at < whole.consumed;
          to += step + 1
        ) {
          const passed = decoder.pass(bytes.subarray(at, Math.min(to, bytes.length)), inside);
          at += passed.consumed;
          ({ inside } = passed);
        }
        expect([at, inside]).toEqual([whole.consumed, whole.inside]);
      }),
      { numRuns: 1000 },
    );
  });
});
