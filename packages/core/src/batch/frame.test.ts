import { expect, test } from "vitest";
import { t } from "../schema/kit.ts";
import { KeptArrays } from "./arrays.ts";
import type { Batch } from "./batch.ts";
import { FRAME_BYTES_MAX, decodeFrame, decodeFrames, decodeFramesInto, encodeFrames } from "./frame.ts";
import { gatherRows } from "./gather.ts";
import { batchOf, rowsOf } from "./rows.ts";

const Event = t.row({ id: t.int(), text: t.string().nullable(), ok: t.bool() });

/** Made by the first release; if it is read no more, frames in checkpoints of users cannot be read any more. */
const VERSION_1 = Buffer.from(
  "REZCAUXqzQ2wAQAAAQAAAE8BAAB7ImNoYW5nZSI6InJldHJhY3QiLCJmaWVsZHMiOlt7Im5hbWUiOiJpZCIsInR5cGUiOnsia2luZCI6ImludDY0IiwiYXMiOiJiaWdpbnQifSwibnVsbGFibGUiOmZhbHNlLCJvcHRpb25hbCI6ZmFsc2V9LHsibmFtZSI6InRleHQiLCJ0eXBlIjp7ImtpbmQiOiJzdHJpbmcifSwibnVsbGFibGUiOnRydWUsIm9wdGlvbmFsIjpmYWxzZX0seyJuYW1lIjoib2siLCJ0eXBlIjp7ImtpbmQiOiJib29sIn0sIm51bGxhYmxlIjpmYWxzZSwib3B0aW9uYWwiOmZhbHNlfSx7Im5hbWUiOiJ4IiwidHlwZSI6eyJraW5kIjoiZmxvYXQ2NCJ9LCJudWxsYWJsZSI6ZmFsc2UsIm9wdGlvbmFsIjpmYWxzZX1dfQIAAAAB/////wEAAAAAAAAAAAAUQAAAAAAAABhAAgEAAAAAAAAAAAAAAAAAABABAQIAAAACAAAAw6kAAQAAAAAAAADgPwAAAAAAAACA",
  "base64",
);

/** Made before numbers were written above a base. */
const VERSION_2 = Buffer.from(
  "REZCAlPoyJZgAgAAAQAAAKQBAAAAAAAAeyJjaGFuZ2UiOiJyZXRyYWN0IiwiZmllbGRzIjpbeyJuYW1lIjoiaWQiLCJ0eXBlIjp7ImtpbmQiOiJpbnQ2NCIsImFzIjoiYmlnaW50In0sIm51bGxhYmxlIjpmYWxzZSwib3B0aW9uYWwiOmZhbHNlfSx7Im5hbWUiOiJ0ZXh0IiwidHlwZSI6eyJraW5kIjoic3RyaW5nIn0sIm51bGxhYmxlIjp0cnVlLCJvcHRpb25hbCI6ZmFsc2V9LHsibmFtZSI6Im9rIiwidHlwZSI6eyJraW5kIjoiYm9vbCJ9LCJudWxsYWJsZSI6ZmFsc2UsIm9wdGlvbmFsIjpmYWxzZX0seyJuYW1lIjoieCIsInR5cGUiOnsia2luZCI6ImZsb2F0NjQifSwibnVsbGFibGUiOmZhbHNlLCJvcHRpb25hbCI6ZmFsc2V9LHsibmFtZSI6Im4iLCJ0eXBlIjp7ImtpbmQiOiJpbnQ2NCIsImFzIjoibnVtYmVyIn0sIm51bGxhYmxlIjpmYWxzZSwib3B0aW9uYWwiOmZhbHNlfV19AAAAAAIAAAABAAAA/////wEAAAAAAAAAAAAUQAAAAAAAABhAAgAAAAAAAAABAAAAAAAAAAAAAAAAAAAQAQAAAAIAAAABAAAAAAAAAAAAAAACAAAAAgAAAAAAAADDqQAAAAAAAAAAAAAAAAAAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAOA/AAAAAAAAAIAAAAAAAAAAAAAAAAAAABxAAAAAAAAAIEA=",
  "base64",
);

function events(count: number, text = "x"): Batch {
  return batchOf(
    Event.schema,
    Array.from({ length: count }, (_, id) => ({ id, text: id % 3 === 0 ? null : text, ok: id % 2 === 0 })),
  );
}

test("a batch of every row it may have comes back whole from one frame", () => {
  const batch = events(4096);
  const [frame, ...others] = encodeFrames([batch]);
  expect(others).toEqual([]);
  const decoded = decodeFrame(frame ?? new Uint8Array());
  expect(rowsOf(decoded)).toStrictEqual(rowsOf(batch));
  expect(decoded.clocks).toBe(-Infinity);
  expect(decoded.origin).toBeUndefined();
});

test("small batches are joined, whole, to batches of at most 4096 rows", () => {
  const frames = encodeFrames(Array.from({ length: 10 }, () => events(1000)));
  expect(frames.flatMap(decodeFrames).map((batch) => batch.length)).toEqual([4000, 4000, 2000]);
});

test("frames stay below their limit, and a larger row gets one of its own", () => {
  const small = events(100, "y".repeat(100));
  const large = batchOf(Event.schema, [{ id: -1, text: "z".repeat(20_000), ok: true }]);
  const frames = encodeFrames([small, large, small], 4096);
  const sizes = frames.map((frame) => frame.length);
  expect(sizes.filter((size) => size > 4096)).toEqual([expect.closeTo(20_200, -3)]);
  expect(frames.flatMap(decodeFrames).flatMap(rowsOf)).toStrictEqual([small, large, small].flatMap(rowsOf));
});

test("the limit is 8 MiB unless another is given", () => {
  const frames = encodeFrames(Array.from({ length: 5 }, () => events(4000, "t".repeat(1000))));
  expect(frames.map((frame) => frame.length <= FRAME_BYTES_MAX)).toEqual([true, true]);
  expect(FRAME_BYTES_MAX).toBe(8 * 1024 * 1024);
});

test("only text that rows refer to is written", () => {
  const batch = events(4000, "t".repeat(1000));
  const two = gatherRows(batch, Int32Array.of(1, 2), 2);
  expect(encodeFrames([two])[0]?.length).toBeLessThan(2600);
});

test("a wide column of which only narrow values are left is written as numbers", () => {
  const { schema } = t.row({ n: t.int64() });
  const batch = batchOf(schema, [{ n: 1n }, { n: 2n ** 60n }]);
  const decoded = encodeFrames([batch], 1).map(decodeFrame);
  const arrays = decoded.map(({ columns: [column] }) => column?.layout === "long" && column.values);
  expect(arrays).toEqual([Float64Array.of(1), BigInt64Array.of(2n ** 60n)]);
});

test("rows of a batch without diffs count as 1 beside batches with diffs", () => {
  const frames = encodeFrames([events(2), { ...events(1), diffs: Int32Array.of(-3) }]);
  expect(frames.map((frame) => decodeFrame(frame).diffs)).toEqual([Int32Array.of(1, 1, -3)]);
});

test("no batches make no frames", () => {
  expect(encodeFrames([])).toEqual([]);
});

test("batches of other columns or change modes cannot share a frame", () => {
  const other = batchOf(t.row({ id: t.int() }).schema, [{ id: 1 }]);
  expect(() => encodeFrames([events(1), other])).toThrow("DF_BUG");
  expect(() => encodeFrames([events(1), { ...events(1), change: "upsert" }])).toThrow("DF_BUG");
});

test("a frame of version 1 is still read", () => {
  const decoded = decodeFrame(VERSION_1);
  expect(rowsOf(decoded)).toStrictEqual([
    { id: 1n, text: "é", ok: true, x: 0.5 },
    { id: 2n ** 60n, text: null, ok: false, x: -0 },
  ]);
  expect([decoded.change, decoded.diffs, decoded.times]).toStrictEqual([
    "retract",
    Int32Array.of(-1, 1),
    Float64Array.of(5, 6),
  ]);
});

test("a frame of version 2 is still read", () => {
  const decoded = decodeFrame(VERSION_2);
  expect(rowsOf(decoded)).toStrictEqual([
    { id: 1n, text: "é", ok: true, x: 0.5, n: 7 },
    { id: 2n ** 60n, text: null, ok: false, x: -0, n: 8 },
  ]);
  expect([decoded.change, decoded.diffs, decoded.times]).toStrictEqual([
    "retract",
    Int32Array.of(-1, 1),
    Float64Array.of(5, 6),
  ]);
});

test("numbers that lie near to each other take what their distance needs, and equal ones and diffs nothing", () => {
  const { schema } = t.row({ at: t.timestamp(), n: t.int(), same: t.int() });
  const batch = batchOf(
    schema,
    Array.from({ length: 4000 }, (_, i) => ({ at: 1.7e12 + i, n: i % 200, same: 9 })),
  );
  const diffs = new Int32Array(4000).fill(1);
  const [frame = new Uint8Array()] = encodeFrames([{ ...batch, change: "upsert", diffs }]);
  // 4000 ms in µs need four bytes, numbers below 200 one.
  expect(frame.length).toBeGreaterThan(4000 * 5);
  expect(frame.length).toBeLessThan(4000 * 5 + 600);
  const decoded = decodeFrame(frame);
  expect(rowsOf(decoded)).toStrictEqual(rowsOf(batch));
  expect(decoded.diffs).toStrictEqual(diffs);
});

test("arrays that are used again hold the rows of the frame that was read last", () => {
  const arrays = new KeptArrays();
  for (const count of [4000, 100, 2000]) {
    arrays.begin();
    const [frame = new Uint8Array()] = encodeFrames([events(count)]);
    const decoded = decodeFramesInto(frame, arrays);
    expect(decoded.flatMap(rowsOf)).toStrictEqual(rowsOf(events(count)));
  }
});

test("a frame whose version is damaged to that of another one is refused as corrupt", () => {
  for (const frame of [encodeFrames([events(3)])[0] ?? new Uint8Array(), VERSION_1, VERSION_2]) {
    for (const version of [0, 1, 2, 3, 4].filter((other) => other !== frame[3])) {
      const damaged = frame.slice();
      damaged[3] = version;
      expect(() => decodeFrames(damaged)).toThrow("DF_CORRUPT");
    }
  }
});

test("bytes that are no frame are refused as corrupt", () => {
  for (const bytes of [new Uint8Array(), new Uint8Array(19), new Uint8Array(200)]) {
    expect(() => decodeFrames(bytes)).toThrow("DF_CORRUPT");
  }
});

test("arrays of a decoded batch lie over the frame, wherever in a buffer it was read to", () => {
  const { schema } = t.row({ x: t.float64() });
  const batch = batchOf(
    schema,
    Array.from({ length: 100 }, (_, n) => ({ x: n / 2 })),
  );
  const [frame = new Uint8Array()] = encodeFrames([batch]);
  for (const offset of [0, 8, 3]) {
    const buffer = new Uint8Array(frame.length + offset);
    buffer.set(frame, offset);
    const decoded = decodeFrame(buffer.subarray(offset));
    const [x] = decoded.columns;
    expect(x?.layout === "double" && x.values.buffer === buffer.buffer).toBe(offset % 8 === 0);
    expect(rowsOf(decoded)).toStrictEqual(rowsOf(batch));
  }
});

test("a frame has no byte more than it needs, also where its rows need less than rows may", () => {
  const { schema } = t.row({ n: t.int() });
  const batch = batchOf(schema, [{ n: 1 }, { n: 2 }]);
  const [frame = new Uint8Array()] = encodeFrames([batch]);
  expect(frame.buffer.byteLength).toBe(frame.length);
  const header = JSON.stringify({ change: "append", fields: schema.fields }).length;
  // Heads of the frame and the block, one time, the head of the column, two doubles.
  expect(frame.length).toBe(Math.ceil((24 + header) / 8) * 8 + 8 + 8 + 8 + 16);
});
