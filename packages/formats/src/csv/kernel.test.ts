import { BATCH_ROWS_MAX, t } from "@df/core";
import type { Columns, RowType } from "@df/core";
import { afterEach, expect, it, vi } from "vitest";
import { csv } from "./csv.ts";
import { opener, told } from "./kernel.testing.ts";
import type { Opening } from "./kernel.testing.ts";

const DIALECT = { header: false, delimiter: ",", quote: '"', nulls: "", recordBytesMax: 16 * 1024 * 1024 };

function openingOf({ schema }: RowType<Columns>, dialect: Partial<Opening> = {}): Opening {
  return { schema, columns: schema, ...DIALECT, ...dialect };
}

/** What a decoder tells of texts, each a call of its own. */
function tellsOf(opening: Opening, hasKernel: boolean, texts: readonly string[]): unknown[] {
  const { decoder } = opener(opening, hasKernel)(new Uint8Array(0));
  return texts.map((text) =>
    told(opening.columns, decoder.decode(Buffer.from(text), 0, true, BATCH_ROWS_MAX)),
  );
}

/** Holds a kernel against its twin; what they tell of the last text. */
function lastOf(opening: Opening, ...texts: string[]): unknown {
  const tells = tellsOf(opening, true, texts);
  expect(tells).toEqual(tellsOf(opening, false, texts));
  return tells.at(-1);
}

afterEach(() => {
  vi.unstubAllGlobals();
});

it("a time is not read over a delimiter that it holds, but in quotes", () => {
  const Row = t.row({ at: t.timestamp(), id: t.int() });
  const text = '2024-05-01T12:00:00Z:1\n"2024-05-01T12:00:00Z":2\n';
  expect(lastOf(openingOf(Row, { delimiter: ":" }), text)).toMatchObject({
    rows: [{ id: 2 }],
    invalid: [[0, "2024-05-01T12:00:00Z:1", "The record has 4 fields, 2 expected"]],
  });
});

it("a number in quotes ends with a quote, whatever follows", () => {
  const Row = t.row({ id: t.int(), note: t.string().nullable() });
  expect(lastOf(openingOf(Row), '"12,,x\n"3",y\n4,z\n')).toMatchObject({
    rows: [{ id: 4, note: "z" }],
  });
});

it("text in quotes goes on beyond the lines that lie in the kernel's memory, whatever lay there before", () => {
  const Row = t.row({ text: t.string(), id: t.int() });
  // Of the first text a quote stays behind the second one.
  lastOf(openingOf(Row), 'abcd",7\n', '"a\n');
  const before = `"${"b".repeat(20)}",1\n`.repeat(BATCH_ROWS_MAX);
  const long = `"${"x,\n".repeat(50_000)}",2\n`;
  const doubled = `"a""b\n${"x".repeat(1_500_000)}",3\n`;
  for (const text of [`"a\n`, `"a""\n`, `1,"\n`, long]) lastOf(openingOf(Row), before, text, before);
  expect(lastOf(openingOf(Row), before, `"x",1\n${doubled}"y",5\n`)).toMatchObject({
    rows: [
      { text: "x", id: 1 },
      { text: `a"b\n${"x".repeat(1_500_000)}`, id: 3 },
      { text: "y", id: 5 },
    ],
  });
});

it("a column that a file lacks is null, also where another file of the source has it", () => {
  const Row = t.row({ id: t.int(), note: t.string().optional(), size: t.int64().optional() });
  const open = opener(openingOf(Row, { header: true }), true);
  const rowsOf = (text: string): unknown => {
    const { decoder, first = 0 } = open(Buffer.from(text));
    const decoded = decoder.decode(Buffer.from(text).subarray(first), first, true, BATCH_ROWS_MAX);
    return told(Row.schema, decoded);
  };
  expect(rowsOf("id,note,size\n1,a,7\n")).toMatchObject({ rows: [{ id: 1, note: "a", size: 7n }] });
  expect(rowsOf("id\n2\n")).toMatchObject({ rows: [{ id: 2, note: null, size: null }] });
});

it("records that are no UTF-8 are refused alone, in fields that nobody reads, too", () => {
  const Row = t.row({ id: t.int(), note: t.string() });
  const opening = openingOf(Row, { columns: { fields: Row.schema.fields.slice(0, 1) } });
  const bytes = Buffer.from("1,a\n2,?\n3,é\n");
  bytes[6] = 0xe9;
  const { decoder } = opener(opening, true)(new Uint8Array(0));
  expect(told(opening.columns, decoder.decode(bytes, 0, true, BATCH_ROWS_MAX))).toMatchObject({
    rows: [{ id: 1 }, { id: 3 }],
    invalid: [[4, "2,\u00E9", "The record is no UTF-8"]],
  });
});

const { WebAssembly } = globalThis as {
  WebAssembly?: { readonly Module: unknown; readonly Memory: unknown };
};
const none = (): never => {
  throw new EvalError("Code generation from strings disallowed for this context");
};
let asked = 0;
const Memory = function full(options: { initial: number }): object {
  if (options.initial === 1) return {};
  asked++;
  throw new RangeError("WebAssembly.Memory(): could not allocate memory");
};

it.each([
  ["there is no WebAssembly", undefined, 0],
  ["WebAssembly has no SIMD, or may not be generated", { ...WebAssembly, Module: none }, 0],
  ["there is no room for its memory", { Module: WebAssembly?.Module, Memory }, 1],
])("records are read by JavaScript where %s", (_, wasm, times) => {
  vi.stubGlobal("WebAssembly", wasm);
  const Row = t.row({ id: t.int(), note: t.string() });
  const bytes = Buffer.from(`7,${"a".repeat(30)}\n`.repeat(BATCH_ROWS_MAX));
  const decoder = csv(Row, { header: false }).open(Row.schema, true);
  const first = decoder.head?.(bytes, true);
  expect(first).toBe(0);
  for (let call = 0; call < 3; call++) {
    expect(decoder.decode(bytes, 0, true, BATCH_ROWS_MAX).length).toBe(BATCH_ROWS_MAX);
  }
  expect(asked).toBe(times);
});
