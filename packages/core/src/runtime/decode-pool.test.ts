import { afterEach, describe, expect, test } from "vitest";
import type { Position, Source, SplitReader } from "../connector.ts";
import type { DataflowError } from "../error.ts";
import { t } from "../schema/kit.ts";
import { DecodePool } from "./decode-pool.ts";
import type { Scripted } from "./elsewhere.testing.ts";

const { schema } = t.row({ n: t.float64() });
const module = new URL("./elsewhere.testing.ts", import.meta.url).href;
const shared = { place: "The shelf" };

let pool: DecodePool;
afterEach(() => pool.close());

/** A source of splits that answer as they are written, by their ids. */
function scripted(scripts: Readonly<Record<string, readonly Scripted[]>>, threads = 1): Source {
  pool = new DecodePool(threads);
  const here = (): never => {
    throw new Error("it is read here");
  };
  const source: Source = {
    splits: async () => Object.keys(scripts).map((id) => ({ id })),
    read: here,
    elsewhere: ({ id }) => ({ module, shared, split: scripts[id] }),
    close: async () => {},
  };
  return pool.source(source, schema);
}

function read(script: readonly Scripted[], position?: Position): SplitReader {
  return scripted({ a: script }).read({ id: "a" }, position);
}

/** What a poll answers: a row's number, a word, or the error. */
async function polled(reader: SplitReader): Promise<unknown> {
  try {
    const answer = await reader.poll(7);
    if (typeof answer === "string") return answer;
    const [column] = answer.columns;
    return column?.layout === "double" ? [column.values[0], answer.next] : column;
  } catch (thrown) {
    return thrown;
  }
}

test("a source that is read elsewhere still tells which of two positions comes first", () => {
  pool = new DecodePool(1);
  const source: Source = {
    splits: async () => [],
    read: () => {
      throw new Error("nothing is read");
    },
    elsewhere: () => ({ module, shared, split: [] }),
    isBefore(position, other) {
      return this === source && Number(position) < Number(other);
    },
    close: async () => {},
  };
  expect(pool.source(source, schema).isBefore?.(1, 2)).toBe(true);
});

describe("a split that another thread reads", () => {
  test("is answered poll by poll, in its order, from its position on", async () => {
    const reader = read([10, 11, 12, 13, 14, "end"], 1);
    const answers: unknown[] = [];
    for (let polls = 0; polls < 6; polls++) answers.push(await polled(reader));
    expect(answers).toEqual([[11, 2], [12, 3], [13, 4], [14, 5], "end", "end"]);
    await reader.close();
  });

  test("is asked anew where it had nothing: what nobody waited for is not answered later", async () => {
    // The third poll is asked ahead with the second one, and finds nothing.
    const source = scripted({ a: [10, 11, "idle", 12, "end"], b: ["end"] });
    const reader = source.read({ id: "a" }, undefined);
    expect([await polled(reader), await polled(reader)]).toEqual([
      [10, 1],
      [11, 2],
    ]);
    // The same thread answers this one when it is done with those.
    expect(await polled(source.read({ id: "b" }, undefined))).toBe("end");
    expect(await polled(reader)).toEqual([12, 4]);
  });

  test("fails as it would here: with code, words, cause and whether it may pass", async () => {
    const reader = read([10, "refuse"]);
    expect(await polled(reader)).toEqual([10, 1]);
    const error = (await polled(reader)) as DataflowError;
    expect([error.code, error.message, error.transient]).toEqual([
      "DF_FILE",
      "The shelf cannot be read. [DF_FILE]",
      true,
    ]);
    expect(error.cause).toMatchObject({ message: "EAGAIN", cause: { message: "the disk" } });
    await expect(reader.close()).rejects.toThrow("The shelf cannot be closed. [DF_FILE]");
  });

  test("has all rows before an error answered first", async () => {
    const reader = read([10, 11, 12, "throw"]);
    const answers = [];
    for (let polls = 0; polls < 3; polls++) answers.push(await polled(reader));
    expect(answers).toEqual([
      [10, 1],
      [11, 2],
      [12, 3],
    ]);
    const error = (await polled(reader)) as Error;
    expect([error.message, error.stack]).toEqual([
      "no such place",
      expect.stringContaining("elsewhere.testing"),
    ]);
  });

  test("is lost with its thread, which says that another run may succeed", async () => {
    const reader = read([10, "leave", 11]);
    expect(await polled(reader)).toEqual([10, 1]);
    const expected = expect.objectContaining({
      code: "DF_THREAD",
      transient: true,
      message: expect.stringContaining("it has ended with code 3"),
    });
    expect(await polled(reader)).toEqual(expected);
    expect(await polled(reader)).toEqual(expected);
    await reader.close();
  });

  test("whose module is not there is refused when it is read", async () => {
    const broken = scripted({ a: [10] });
    const reader = pool
      .source({ ...broken, elsewhere: () => ({ module: `${module}.gone`, shared, split: [] }) }, schema)
      .read({ id: "a" }, undefined);
    expect(await polled(reader)).toMatchObject({
      message: expect.stringContaining("elsewhere.testing.ts.gone"),
    });
  });
});

test("several threads read several splits of one source, each in its order", async () => {
  const scripts = Object.fromEntries(
    Array.from({ length: 5 }, (_, split) => [
      String(split),
      Array.from({ length: 20 }, (_row, n) => split * 100 + n),
    ]),
  );
  const source = scripted(scripts, 3);
  const readers = (await source.splits()).map((split) => source.read(split, undefined));
  const numbers: unknown[][] = readers.map(() => []);
  for (let polls = 0; polls < 20; polls++) {
    for (const [index, reader] of readers.entries())
      numbers[index]?.push(((await polled(reader)) as number[])[0]);
  }
  expect(numbers).toEqual(Object.values(scripts));
  await Promise.all(readers.map((reader) => reader.close()));
});

test("a source that only this thread can read is read here", async () => {
  pool = new DecodePool(2);
  const reader: SplitReader = { poll: () => "end", close: async () => {} };
  const source: Source = {
    splits: async () => [{ id: "a" }],
    read: () => reader,
    close: async () => {},
  };
  expect(pool.source(source, schema).read({ id: "a" }, undefined)).toBe(reader);
});
