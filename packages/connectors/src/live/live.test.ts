import { t } from "@df/core";
import type { Polled, SplitReader } from "@df/core";
import { expect, test } from "vitest";
import type { Arrivals } from "./arrivals.ts";
import { liveSource } from "./live-source.ts";
import { Pulled } from "./pulled.ts";
import { Pushed, type Listener } from "./pushed.ts";

const Row = t.row({ n: t.int32(), text: t.string().optional() });

async function readerOf(open: () => Arrivals, position?: number): Promise<SplitReader> {
  const spec = liveSource(Row, { name: "test", what: "test()", options: {}, bounded: false, open });
  const source = await spec.open({ schema: spec.schema, follow: false, generate: true, directory: "." });
  return source.read({ id: "0" }, position);
}

function pushed(bufferMax: number): { readonly arrivals: Pushed; readonly listener: Listener } {
  let given: Listener | undefined;
  const arrivals = new Pushed({
    what: "test()",
    bufferMax,
    listen: (listener) => {
      given = listener;
      return () => {};
    },
  });
  if (given === undefined) throw new Error("nobody listens");
  return { arrivals, listener: given };
}

/** The rows of one `take`. */
async function taken(arrivals: Arrivals, rowsMax: number): Promise<readonly unknown[] | "end"> {
  const rows: unknown[] = [];
  return (await arrivals.take(rowsMax, (row) => rows.push(row))) === "end" ? "end" : rows;
}

test("a row that does not fit is handed on as JSON text, with its position and the reason", async () => {
  const circle: Record<string, unknown> = {};
  circle["self"] = circle;
  const rows = [
    { n: 1 },
    { n: 10n ** 20n, text: "big" },
    circle,
    undefined,
    { n: 2, raw: Uint8Array.of(1) },
    { n: 3 },
  ];
  const reader = await readerOf(() => new Pulled("test()", rows.values()), 7);
  const polled = (await reader.poll(10)) as Polled;
  expect(polled).toMatchObject({ length: 2, next: 13 });
  expect([...polled.positions]).toEqual([7, 12]);
  const texts = polled.invalid.map(({ position, raw }) => `${position} ${Buffer.from(raw).toString()}`);
  expect(texts).toEqual([
    '8 {"n":"100000000000000000000","text":"big"}',
    "9 <ref *1> { self: [Circular *1] }",
    "10 undefined",
    '11 {"n":2,"raw":"AQ=="}',
  ]);
  expect(polled.invalid[0]?.reason).toMatch(/^Column "n" \(int32\): .* is no 32-bit integer$/);
  expect(await reader.poll(10)).toBe("end");
});

test("an asynchronous iterator is asked for a row only when there is room for it", async () => {
  let asked = 0;
  const arrivals = new Pulled("test()", {
    next: async () => ({ done: false, value: { n: asked++ } }),
  });
  expect(await taken(arrivals, 3)).toHaveLength(3);
  expect(asked).toBe(3);
});

test("rows that came are handed on while the next one is awaited, which is not lost", async () => {
  let arrive: ((row: IteratorResult<unknown>) => void) | undefined;
  const late = new Promise<IteratorResult<unknown>>((resolve) => {
    arrive = resolve;
  });
  const results = [Promise.resolve({ done: false, value: "a" }), late];
  const arrivals = new Pulled("test()", {
    next: () => results.shift() ?? Promise.resolve({ done: true, value: 0 }),
  });
  expect(await taken(arrivals, 10)).toEqual(["a"]);
  expect(await taken(arrivals, 10)).toEqual([]);
  arrive?.({ done: false, value: "b" });
  expect(await taken(arrivals, 10)).toEqual(["b"]);
  expect(await taken(arrivals, 10)).toBe("end");
});

test("what an iterator throws comes after the rows before it, with their number", async () => {
  const arrivals = new Pulled("test()", throwing());
  expect(await taken(arrivals, 10)).toEqual(["a", "b"]);
  for (const _again of [1, 2]) {
    await expect(taken(arrivals, 10)).rejects.toThrow(
      "test() failed after 2 rows of this run: no more [DF_SOURCE_FAILED]",
    );
  }
});

function* throwing(): Generator<string> {
  yield "a";
  yield "b";
  throw new Error("no more");
}

test("a stop asks an iterator for nothing more, and closing ends it", async () => {
  let ended = false;
  async function* endless(): AsyncGenerator<number> {
    try {
      for (let n = 0; ; n++) yield n;
    } finally {
      ended = true;
    }
  }
  const arrivals = new Pulled("test()", endless());
  expect(await taken(arrivals, 2)).toEqual([0, 1]);
  arrivals.stop();
  expect(await taken(arrivals, 2)).toEqual([]);
  await arrivals.close();
  expect(ended).toBe(true);
});

test("an iterator that never gives its next row can be stopped and closed", async () => {
  async function* silent(): AsyncGenerator<number> {
    await new Promise<never>(() => {});
    yield 1;
  }
  const arrivals = new Pulled("test()", silent());
  const waiting = taken(arrivals, 1);
  arrivals.stop();
  expect(await waiting).toEqual([]);
  await arrivals.close();
});

test("pushed rows wait up to the limit; one more is an error that names it and the ways out", async () => {
  const { arrivals, listener } = pushed(2);
  expect([1, 2, 3, 4].map((row) => listener.row(row))).toEqual([true, true, false, false]);
  await expect(taken(arrivals, 0)).rejects.toThrow("DF_BUFFER_FULL");
  expect(await taken(arrivals, 10)).toEqual([1, 2]);
  await expect(taken(arrivals, 10)).rejects.toThrow(
    /2 wait, which is its bufferMax.*throttleTime.*inbox\(source/,
  );
});

test("pushed rows that wait are there after a stop, and no more come", async () => {
  const { arrivals, listener } = pushed(10);
  listener.row(1);
  arrivals.stop();
  expect(listener.row(2)).toBe(false);
  expect(await taken(arrivals, 10)).toEqual([1]);
  expect(await taken(arrivals, 10)).toEqual([]);
});

test("the end of pushed rows, and their failure, come after the rows", async () => {
  const complete = pushed(10);
  complete.listener.row(1);
  complete.listener.ended();
  expect(await taken(complete.arrivals, 10)).toEqual([1]);
  expect(await taken(complete.arrivals, 10)).toBe("end");
  const failed = pushed(10);
  failed.listener.row(1);
  failed.listener.failed(new Error("gone"));
  expect(await taken(failed.arrivals, 10)).toEqual([1]);
  await expect(taken(failed.arrivals, 10)).rejects.toThrow("test() failed: gone. [DF_SOURCE_FAILED]");
});

test.each([-1, 0.5, "x", null])("refuses the position %j", async (position) => {
  await expect(readerOf(() => new Pulled("test()", [].values()), position as number)).rejects.toThrow(
    "DF_POSITION",
  );
});

test("an iterator that gives no results of iterators fails its source; nothing goes on unheard", async () => {
  const giving = (results: readonly unknown[]): Pulled => {
    const given = results.values();
    return new Pulled("test()", { next: async () => given.next().value as never });
  };
  const reader = await readerOf(() => giving([{ value: { n: 1 } }, undefined]));
  expect(await reader.poll(10)).toMatchObject({ length: 1 });
  await expect(reader.poll(10)).rejects.toThrow(
    "test() failed after 1 rows of this run: next() of its iterator gave undefined instead of { value, done }",
  );
  const throwing = {
    get value(): never {
      throw new Error("no value");
    },
  };
  const second = await readerOf(() => giving([throwing]));
  await expect(second.poll(10)).rejects.toThrow(
    "failed after 0 rows of this run: no value [DF_SOURCE_FAILED]",
  );
});

test("an iterator that throws when it is left says so, naming its source", async () => {
  const arrivals = new Pulled("test()", {
    next: () => ({ done: false, value: { n: 1 } }),
    return: () => {
      throw new Error("still open");
    },
  });
  expect(await taken(arrivals, 2)).toHaveLength(2);
  await expect(arrivals.close()).rejects.toThrow(
    /^test\(\) failed when it was left: still open\..*\[DF_SOURCE_FAILED\]$/,
  );
});

test("an iterator may give one object again and again, written anew each time", async () => {
  function* same(): Generator<{ n: number; text: string }> {
    const row = { n: 0, text: "" };
    for (row.n = 1; row.n <= 3; row.n++) {
      row.text = `row ${row.n}`;
      yield row;
    }
  }
  const reader = await readerOf(() => new Pulled("test()", same()));
  const { columns } = (await reader.poll(10)) as Polled;
  const [column] = columns;
  expect(column?.layout === "int" && [...column.values.subarray(0, 3)]).toEqual([1, 2, 3]);
});
