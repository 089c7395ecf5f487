import { t } from "@df/core";
import { afterEach, describe, expect, it, vi } from "vitest";
import type { DecodedLines } from "../decoder.ts";
import { JsonLines } from "./lines.ts";
import { RecordReader } from "./record.ts";
import { Walks } from "./walks.ts";

const Event = t.row({
  type: t.string(),
  id: t.int(),
  price: t.float64().optional(),
  note: t.string().optional(),
}).schema;

/** Both kinds of code. The script reads words, and none of them behind the end: it leaves the last line to others. */
const TIERS = [
  { tier: "WebAssembly", script: false, layoutsMax: 32, last: 0 },
  { tier: "JavaScript", script: true, layoutsMax: 8, last: 1 },
] as const;

const walksOf = (script: boolean, schema = Event, recordBytesMax = 1_000_000): Walks =>
  new Walks({ schema, columns: schema, recordBytesMax, script });

const event = (id: number): string => `{"type":"bid","id":${id},"price":${id / 8},"other":"none"}\n`;
const lines = (count: number, line: (i: number) => string): Buffer =>
  Buffer.from(Array.from({ length: count }, (_, i) => line(i)).join(""));
/** Enough for a layout to be learned. */
const LESSON = lines(20, event);

function ids({ columns, length }: DecodedLines): number[] {
  const column = columns[1];
  return column?.layout === "long" ? Array.from(column.values.subarray(0, length), Number) : [];
}

/** How many lines were read one by one. */
function interpreted(decoder: JsonLines, bytes: Uint8Array): number {
  const read = vi.spyOn(RecordReader.prototype, "read");
  const { consumed } = decoder.decode(bytes, 0, true, 4096);
  expect(consumed).toBe(bytes.length);
  return read.mock.calls.length;
}

afterEach(() => {
  vi.restoreAllMocks();
  vi.unstubAllGlobals();
});

describe.each(TIERS)("learned layouts, in $tier", ({ script, layoutsMax, last }) => {
  const opened = (generate = true, recordBytesMax = 1_000_000): JsonLines =>
    new JsonLines(Event, Event, {
      recordBytesMax,
      walks: generate ? walksOf(script, Event, recordBytesMax) : undefined,
    });

  it("are read by generated code after a few records", () => {
    expect(interpreted(opened(), lines(1000, event))).toBe(4 + last);
  });

  it.each([
    ["values of other lengths", event(123_456_789_012)],
    ["a null", '{"type":"bid","id":1,"price":null,"other":"none"}\n'],
    ["escapes in a column", '{"type":"b\\n\\u0041","id":1,"price":1,"other":"none"}\n'],
    ["escapes beside the columns", '{"type":"bid","id":1,"price":1,"other":"\\"\\ud83d\\ude00"}\n'],
    ["another type beside the columns", '{"type":"bid","id":1,"price":1,"other":{"a":[1,null]}}\n'],
    ["long numbers", '{"type":"bid","id":1,"price":0.12345678901234567890,"other":"none"}\n'],
    ["exponents", '{"type":"bid","id":1e2,"price":-1.5E-3,"other":"none"}\n'],
  ])("take %s", (_, line) => {
    const decoder = opened();
    decoder.decode(LESSON, 0, false, 4096);
    expect(interpreted(decoder, Buffer.concat([Buffer.from(line.repeat(3)), LESSON]))).toBe(last);
  });

  it("may be several, each with its own keys, and ends of line", () => {
    const kinds = [
      event,
      (id: number): string => `{"id":${id},"type":"sale","note":"n"}\r\n`,
      (id: number): string => ` { "type" : "x", "id" : ${id} } \n`,
    ];
    const mixed = lines(300, (i) => kinds[(i * 7) % 3]?.(i) ?? "");
    const decoder = opened();
    expect(interpreted(decoder, mixed)).toBeGreaterThanOrEqual(12);
    vi.restoreAllMocks();
    expect(interpreted(decoder, mixed)).toBe(last);
    expect(ids(decoder.decode(mixed, 0, true, 4096))).toEqual(Array.from({ length: 300 }, (_, i) => i));
  });

  it("end after a few, and the records of others are read as before", () => {
    const kinds = layoutsMax + 12;
    const other = (i: number): string => `{"type":"t","id":${i},"extra${i % kinds}":${i}}\n`;
    const decoder = opened();
    decoder.decode(lines(10 * kinds, other), 0, true, 4096);
    expect(interpreted(decoder, lines(10 * kinds, other))).toBe(10 * 12);
  });

  it("are shared by the decoders of a source", () => {
    const walks = walksOf(script, Event, 1000);
    const [first, second] = [1, 2].map(() => new JsonLines(Event, Event, { recordBytesMax: 1000, walks }));
    expect(interpreted(first as JsonLines, LESSON)).toBeGreaterThan(1);
    vi.restoreAllMocks();
    // The script has to meet a layout once.
    expect(interpreted(second as JsonLines, lines(20, event))).toBe(script ? 2 : 0);
  });

  it("grow the room for rows where lines get shorter", () => {
    const long = lines(20, (i) => `{"type":"${"a".repeat(2000)}","id":${i},"price":1}\n`);
    const short = lines(3000, (i) => `{"type":"","id":${i},"price":null}\n`);
    const decoder = opened();
    decoder.decode(long, 0, true, 4096);
    expect(ids(decoder.decode(short, 0, true, 4096))).toEqual(Array.from({ length: 3000 }, (_, i) => i));
  });

  it("find integers beyond 2^53 among small ones", () => {
    const Wide = t.row({ v: t.int64().nullable() }).schema;
    const walks = walksOf(script, Wide, 1000);
    const decoder = new JsonLines(Wide, Wide, { recordBytesMax: 1000, walks });
    const values = ["1", "9223372036854775807", "null", "-5", "-9007199254740993", "0", "7"];
    const bytes = lines(70, (i) => `{"v":${values[i % 7]}}\n`);
    const [column] = decoder.decode(bytes, 0, true, 4096).columns;
    expect(column?.layout === "long" && [...column.values.subarray(63, 70)]).toEqual([
      1n,
      9223372036854775807n,
      0n,
      -5n,
      -9007199254740993n,
      0n,
      7n,
    ]);
  });

  it("read every day of five centuries, and of the years around them", () => {
    const Day = t.row({ day: t.date(), at: t.timestamp() }).schema;
    const decoder = new JsonLines(Day, Day, { recordBytesMax: 1000, walks: walksOf(script, Day, 1000) });
    const first = Date.UTC(1690, 0, 1) / 86_400_000;
    const days = Array.from({ length: 200_000 }, (_, i) => first + i);
    const line = (day: number): string => {
      const at = new Date(day * 86_400_000 + (Math.abs(day) % 86_400) * 1000).toISOString();
      return `{"day":"${at.slice(0, 10)}","at":"${at}"}\n`;
    };
    for (let from = 0; from < days.length; from += 4000) {
      const some = days.slice(from, from + 4000);
      const { columns, length } = decoder.decode(Buffer.from(some.map(line).join("")), 0, true, 4096);
      const values = columns.map((column) =>
        column.layout === "int" || column.layout === "double"
          ? Array.from(column.values.subarray(0, length))
          : [],
      );
      expect(values[0]).toEqual(some);
      expect(values[1]).toEqual(
        some.map((day) => day * 86_400_000_000 + (Math.abs(day) % 86_400) * 1_000_000),
      );
    }
  });

  it("take no time or day that the calendar has not, and none that is spelled in another way", () => {
    const When = t.row({ at: t.timestamp().optional(), day: t.date().optional() }).schema;
    const decoder = new JsonLines(When, When, { recordBytesMax: 1000, walks: walksOf(script, When, 1000) });
    const plain = new JsonLines(When, When, { recordBytesMax: 1000 });
    const changed = ["2023-02-28T12:34:56.5Z", "2024-12-31T23:59:59Z", "2199-01-01"].flatMap((good) =>
      Array.from(good, (_, at) =>
        Array.from('0123456789-,:;TU.Zxz"#', (one) => good.slice(0, at) + one + good.slice(at + 1)),
      ).flat(),
    );
    const years = ["1600", "1683", "1684", "1700", "2199", "2200", "2256", "2600", "9999"];
    const far = years.flatMap((year) => [`${year}-03-01`, `${year}-03-01T00:00:00.000001Z`]);
    const lines = (texts: readonly string[]): Buffer =>
      Buffer.from(texts.map((text) => `{"at":"${text}"}\n{"day":"${text}"}\n`).join(""));
    decoder.decode(lines(Array(4).fill("2024-05-01")), 0, true, 4096);
    decoder.decode(lines(Array(4).fill("2024-05-01T12:00:00Z")), 0, true, 4096);
    const readBy = (by: JsonLines): unknown => {
      const { columns, length, positions, invalid } = by.decode(lines([...changed, ...far]), 0, true, 4096);
      const values = columns.map((column) =>
        column.layout === "text" ? [] : column.values.slice(0, length),
      );
      return { values, positions: positions.slice(0, length), invalid };
    };
    expect(readBy(decoder)).toEqual(readBy(plain));
  });

  it("read the same however bytes are cut, at every byte", () => {
    const bytes = Buffer.concat([lines(6, event), Buffer.from("\n{}\n"), lines(6, event)]);
    const decoder = opened();
    decoder.decode(LESSON, 0, false, 4096);
    for (let cut = 1; cut < bytes.length; cut++) {
      const before = decoder.decode(bytes.subarray(0, cut), 0, false, 4096);
      const idsBefore = ids(before);
      const after = decoder.decode(bytes.subarray(before.consumed), before.consumed, true, 4096);
      expect([...idsBefore, ...ids(after)]).toEqual([0, 1, 2, 3, 4, 5, 0, 1, 2, 3, 4, 5]);
      expect([before, after].flatMap(({ invalid }) => invalid.map(({ position }) => position))).toEqual([
        bytes.indexOf("{}"),
      ]);
    }
  });

  it("leave columns null that they do not have, also where a refused record left a value", () => {
    const refused = '{"note":"left","price":5,"type":1}\n';
    const bytes = Buffer.concat([LESSON, Buffer.from(refused), LESSON]);
    const { columns, length, invalid } = opened().decode(bytes, 0, true, 4096);
    expect([length, invalid.length]).toEqual([40, 1]);
    expect(Array.from(columns[3]?.validity?.subarray(0, 40) ?? [])).toEqual(
      Array.from({ length: 40 }, () => 0),
    );
  });

  it.each([
    ["a column", "bid"],
    ["a value beside the columns", "none"],
    ["a key beside the columns", "other"],
  ])("refuse what is no UTF-8, in %s", (_, place) => {
    const broken = Buffer.from(event(1));
    broken[broken.indexOf(place)] = 0xff;
    const decoder = opened();
    decoder.decode(LESSON, 0, false, 4096);
    // The layout is met often enough to be learned, if it ever were.
    for (let i = 0; i < 3; i++) {
      const { length, invalid } = decoder.decode(Buffer.concat(Array(8).fill(broken)), 0, false, 4096);
      expect([length, invalid.length]).toEqual([0, 8]);
    }
  });

  it("refuse a line that is too long with the same words", () => {
    const long = `{"type":"${"a".repeat(100)}","id":1,"price":1,"other":"none"}\n`;
    const bytes = Buffer.concat([LESSON, Buffer.from(long), LESSON]);
    const [generated, plain] = [true, false].map(
      (generate) => opened(generate, 80).decode(bytes, 0, true, 4096).invalid,
    );
    expect(generated?.map(({ reason }) => reason)).toEqual(["The record is longer than 80 bytes"]);
    expect(generated).toEqual(plain);
  });
});

describe("learned layouts", () => {
  const forbidden = (): never => {
    throw new EvalError("Code generation from strings disallowed for this context");
  };
  const { WebAssembly } = globalThis as { WebAssembly?: object };
  const noKernel = {
    "there is no WebAssembly": undefined,
    "WebAssembly has no SIMD, or may not be generated": { ...WebAssembly, Module: forbidden },
    "there is no room for its memory": { ...WebAssembly, Memory: forbidden },
  };

  it.each(Object.entries(noKernel))("are read in JavaScript where %s", (_, wasm) => {
    vi.stubGlobal("WebAssembly", wasm);
    const decoder = new JsonLines(Event, Event, { recordBytesMax: 1000, walks: walksOf(false) });
    expect(interpreted(decoder, lines(100, event))).toBe(5);
  });

  it("are not learned where there is no room for the rows of WebAssembly, and everything is read as before", () => {
    const { Memory } = WebAssembly as { Memory: new (options: { initial: number }) => object };
    vi.stubGlobal("WebAssembly", {
      ...WebAssembly,
      Module: (WebAssembly as { Module: unknown }).Module,
      Memory: function full(options: { initial: number }) {
        if (options.initial > 1) throw new RangeError("WebAssembly.Memory(): could not allocate memory");
        return new Memory(options);
      },
    });
    const decoder = new JsonLines(Event, Event, { recordBytesMax: 1000, walks: walksOf(false) });
    expect(interpreted(decoder, lines(100, event))).toBe(100);
  });

  it("are not learned where no code may be generated, and everything is read as before", () => {
    vi.stubGlobal("Function", forbidden);
    vi.stubGlobal("WebAssembly", undefined);
    const decoder = new JsonLines(Event, Event, { recordBytesMax: 1000, walks: walksOf(false) });
    expect(interpreted(decoder, lines(100, event))).toBe(100);
  });
});
