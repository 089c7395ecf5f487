import type { Column, ColumnType, Schema } from "@df/core";
import { batchArbitrary, schemaArbitrary } from "@df/testing";
import fc from "fast-check";
import { afterEach, expect, test, vi } from "vitest";
import { ByteSink } from "../../byte-sink.ts";
import { rawColumn } from "../../raw-batch.testing.ts";
import type { RawCell } from "../../raw-batch.testing.ts";
import type { EncodeLimits } from "../column-chunk.ts";
import { encodeFile, ENCODE_LIMITS } from "../encode-file.ts";
import type { ParquetFile } from "../encoder.ts";
import { fileArbitrary } from "../files.testing.ts";
import { PLAIN_LOOPS } from "../loops.ts";
import type { ChunkLoops } from "../loops.ts";
import type { PackedRows } from "../pack.ts";
import { kernelLoops } from "./kernel-loops.ts";

afterEach(() => vi.unstubAllGlobals());

// One for all tests: what one file leaves in the memory must not matter to the next one.
const loops = kernelLoops() as ChunkLoops;

/** The file by kernels, which has to be that of the loops in JavaScript, statistics included. */
function checked(schema: Schema, packed: PackedRows, limits: EncodeLimits = ENCODE_LIMITS): ParquetFile {
  const plain = encodeFile(schema, packed, { limits, loops: PLAIN_LOOPS });
  const file = encodeFile(schema, packed, { limits, loops });
  expect(file.statistics).toEqual(plain.statistics);
  expect(Buffer.compare(file.bytes, plain.bytes)).toBe(0);
  return file;
}

test("kernels make the file that JavaScript makes, of any columns and limits", () => {
  fc.assert(
    fc.property(
      fileArbitrary(schemaArbitrary, batchArbitrary),
      ({ schema, packed, limits }) => void checked(schema, packed, limits),
    ),
  );
});

/** Numbers from 0 up to `below`, which look random. */
function randomFrom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) | 0;
    return Math.floor(((state >>> 0) / 2 ** 32) * below);
  };
}

function columnFile(
  type: ColumnType,
  cells: readonly RawCell[],
): { readonly schema: Schema; readonly packed: PackedRows } {
  const nullable = cells.includes(null);
  const schema: Schema = { fields: [{ name: "c", type, nullable, optional: false }] };
  return { schema, packed: { rows: cells.length, columns: [rawColumn(type, cells)] } };
}

/** Texts of 0 to 40 bytes that begin alike and differ anywhere, of any bytes. */
function randomText(random: (below: number) => number, distinct: number): Uint8Array {
  const nth = random(distinct);
  const bytes = new Uint8Array(nth % 41).fill(0x61);
  if (bytes.length > 0) bytes[Math.floor(nth / 41) % bytes.length] = Math.imul(nth, 0x9e3779b1) >>> 24;
  return bytes;
}

const EDGES = [0, 1, 127, 128, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 2 ** 51, 2 ** 53 - 1, 2 ** 53, 2 ** 62];

test.each([
  ["few numbers", 5000],
  ["numbers in runs", 5000],
  ["as many numbers as a dictionary may have", 122_000],
  ["one number more", 122_000],
  ["numbers that are all others", 20_000],
  ["codes in runs of every length", 5000],
  ["few texts", 5000],
  ["texts with one hash", 40],
  ["many texts", 20_000],
  ["days and nulls", 5000],
  ["doubles and nulls", 3000],
  ["extreme numbers", 3000],
  ["bigints", 3000],
  ["flags and nulls", 3000],
])("%s are encoded alike", (kind, rows) => {
  const random = randomFrom(rows);
  const orNull = <T extends RawCell>(cell: T): T | null => (random(5) === 0 ? null : cell);
  const number = { kind: "int64", as: "number" } as const;
  const made: Readonly<Record<string, readonly [ColumnType, (i: number) => RawCell]>> = {
    "few numbers": [number, () => random(300) - 150],
    "numbers in runs": [{ kind: "timestamp", json: "us" }, (i) => Math.floor(i / (1 + (i % 90))) * 1e9],
    // Few at first, or the dictionary is given up before.
    "as many numbers as a dictionary may have": [number, (i) => (i < 20_000 ? 0 : i % 65_536)],
    "one number more": [number, (i) => (i < 20_000 ? 0 : i % 65_537)],
    "numbers that are all others": [number, (i) => i * 7919],
    "codes in runs of every length": [number, (i) => Math.floor(Math.sqrt(i * 2))],
    // Found by trying: the kernel gives klqe and kt58 one hash.
    "texts with one hash": [{ kind: "string" }, (i) => ["klqe", "kt58", "klqe", "k"][i % 4] ?? ""],
    "few texts": [{ kind: "string" }, () => orNull(`channel-${random(300)}`)],
    "many texts": [{ kind: "bytes" }, () => orNull(randomText(random, 15_000))],
    "days and nulls": [{ kind: "date" }, () => orNull(random(40) - 20)],
    "doubles and nulls": [{ kind: "float64" }, () => orNull([Number.NaN, -0, random(9) / 7][random(3)] ?? 0)],
    "extreme numbers": [number, () => (EDGES[random(EDGES.length)] ?? 0) * (random(2) === 0 ? 1 : -1)],
    bigints: [
      { kind: "int64", as: "bigint" },
      () => orNull(BigInt.asIntN(64, BigInt(random(2 ** 32)) * 0x9e3779b97f4a7c15n)),
    ],
    "flags and nulls": [{ kind: "bool" }, () => orNull(random(2))],
  };
  const [type, cell] = made[kind] as readonly [ColumnType, (i: number) => RawCell];
  const { schema, packed } = columnFile(
    type,
    Array.from({ length: rows }, (_, i) => cell(i)),
  );
  checked(schema, packed);
  checked(schema, packed, { ...ENCODE_LIMITS, pageBytes: 1000, rowGroupRows: 1777, dictionaryBytes: 4000 });
});

/** What a page of these bytes is compressed to. */
function compressed({ sinks, compressSnappy }: ChunkLoops, bytes: Uint8Array): Uint8Array {
  const { page, compressed: out } = sinks();
  page.append(bytes);
  compressSnappy(page, out);
  return out.slice();
}

test("snappy finds the same, near and far, at every length and across fragments", () => {
  const random = randomFrom(7);
  const sink = new ByteSink();
  while (sink.length < 200_000) {
    for (let i = random(200); i > 0; i--) sink.byte(random(256));
    const from = Math.max(0, sink.length - 1 - random(70_000));
    const length = random(3) === 0 ? random(3000) : random(80);
    for (let i = 0; i < length && sink.length > 0; i++) sink.byte(sink.bytes[from + i] as number);
  }
  const bytes = sink.slice();
  const sizes = [...Array.from({ length: 140 }, (_, size) => size), 65_536, 65_551, 65_552, bytes.length];
  for (const size of sizes) {
    const part = bytes.subarray(bytes.length - size);
    expect(Buffer.compare(compressed(loops, part), compressed(PLAIN_LOOPS, part)), `${size}`).toBe(0);
  }
});

test("what is too large for the memory of kernels is written all the same, and what follows", () => {
  const page = "p".repeat(1_300_000);
  const large = new Uint8Array(35 * 1024 * 1024);
  for (const cells of [
    [page, "a", page],
    ["a", "b".repeat(2_000_000)],
    [large, "a"],
  ]) {
    const { schema, packed } = columnFile({ kind: "bytes" }, cells);
    const { schema: small, packed: after } = columnFile({ kind: "string" }, ["x", "y", "x"]);
    const both: Schema = { fields: [...schema.fields, ...small.fields.map((f) => ({ ...f, name: "d" }))] };
    const cut = { rows: cells.length, columns: [...packed.columns, ...after.columns] };
    checked(both, cut, { ...ENCODE_LIMITS, dictionaryBytes: 4_000_000 });
  }
});

test("a number that no int64 is, is refused by the row that has it", () => {
  for (const at of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 63, -(2 ** 63) * 1.5]) {
    const { schema, packed } = columnFile({ kind: "timestamp", json: "us" }, [1, at]);
    expect(() => encodeFile(schema, packed, { loops })).toThrow(`Column "c" holds ${at}, and`);
  }
  const { schema, packed } = columnFile({ kind: "timestamp", json: "us" }, [1, -(2 ** 63)]);
  checked(schema, packed);
});

test("slices in any order are left to JavaScript, wherever they lie", () => {
  const bytes = new TextEncoder().encode("abcdefghij");
  for (const [starts, ends] of [
    [
      [3, 0, 0, 3],
      [6, 6, 3, 6],
    ],
    [
      [4, 0, 8],
      [6, 6, 9],
    ],
    [
      [9, 5, 0],
      [10, 10, 2],
    ],
    [
      [0, 2, 0],
      [2, 8, 4],
    ],
  ] as const) {
    const column: Column = {
      layout: "text",
      bytes,
      starts: Int32Array.from(starts),
      ends: Int32Array.from(ends),
    };
    const { schema } = columnFile({ kind: "string" }, ["a"]);
    checked(schema, { rows: starts.length, columns: [column] });
  }
});

test("where there is no WebAssembly, or no memory for it, there are no kernels", () => {
  const { WebAssembly: wasm } = globalThis as unknown as { WebAssembly: Record<string, unknown> };
  vi.stubGlobal("WebAssembly", undefined);
  expect(kernelLoops()).toBeUndefined();
  class Full {
    constructor({ initial }: { readonly initial: number }) {
      if (initial > 1) throw new RangeError("could not allocate memory");
    }
  }
  vi.stubGlobal("WebAssembly", { Module: wasm["Module"], Instance: wasm["Instance"], Memory: Full });
  expect(kernelLoops()).toBeUndefined();
});
