import { type Change, type ChangeMode, type Shape, t } from "@df/core";
import { checkSink, Crashes, type LogRow, SinkDriver, type SinkTarget, stateAfter } from "@df/testing";
import { isDeepStrictEqual } from "node:util";
import { expect, test } from "vitest";
import { callback, type Told } from "./callback.ts";
import { committerFactory } from "./committer.ts";

const { schema } = t.row({ id: t.int32(), name: t.string().nullable() });
const shapeOf = (change: ChangeMode): Shape => ({
  schema,
  change,
  key: change === "append" ? [] : ["id"],
  timed: false,
});

/** One call of the function. */
interface Call extends Told {
  readonly changes: readonly Change[];
}

function driverOf(tell: unknown, shape: Shape = shapeOf("append")): SinkDriver {
  const code = typeof tell === "function" ? callback(tell as () => void).code : undefined;
  return new SinkDriver({
    factory: committerFactory,
    options: {},
    directory: "/",
    shape,
    crashes: new Crashes(),
    code,
    batchRows: 2,
  });
}

const rows = (first: number, count: number): LogRow[] =>
  Array.from({ length: count }, (_, i) => ({ row: { id: first + i, name: null } }));
const idsOf = (calls: readonly Call[]): unknown[] =>
  calls.flatMap(({ changes }) => changes.map(({ after }) => after?.["id"]));

test("a delivery is told in parts of at most 4096 changes, the last of which says so", async () => {
  const calls: Call[] = [];
  const driver = driverOf((changes: readonly Change[], told: Told) => calls.push({ changes, ...told }));
  await driver.deliver({ epoch: 1, rows: rows(0, 4096) });
  await driver.deliver({ epoch: 5, rows: rows(4096, 4097) });
  await driver.deliver({ epoch: 6, rows: [] });
  expect(calls.map(({ changes, ...told }) => [told, changes.length])).toEqual([
    [{ epoch: 1, part: 0, last: true }, 4096],
    [{ epoch: 5, part: 0, last: false }, 4096],
    [{ epoch: 5, part: 1, last: true }, 1],
  ]);
  expect(idsOf(calls)).toEqual(Array.from({ length: 8193 }, (_, i) => i));
});

test("a callback is told what happened to rows", async () => {
  const calls: Call[] = [];
  const driver = driverOf(
    (changes: readonly Change[], told: Told) => calls.push({ changes, ...told }),
    shapeOf("retract"),
  );
  await driver.deliver({
    epoch: 1,
    rows: [
      { row: { id: 1, name: "a" }, diff: 1 },
      { row: { id: 1, name: "a" }, diff: -1 },
      { row: { id: 1, name: "b" }, diff: 1 },
    ],
  });
  expect(calls[0]?.changes).toEqual([
    { op: "insert", before: null, after: { id: 1, name: "a" } },
    { op: "update", before: { id: 1, name: "a" }, after: { id: 1, name: "b" } },
  ]);
});

/** Takes each part once: who remembers epoch and part leaves out what it has. */
class Consumer {
  readonly rows: LogRow[] = [];
  readonly #had = new Map<string, readonly Change[]>();
  /** Parts that came again, as they were and otherwise. */
  repeats = 0;
  others = 0;

  take(changes: readonly Change[], { epoch, part }: Told): void {
    const had = this.#had.get(`${epoch}/${part}`);
    if (had !== undefined) {
      if (isDeepStrictEqual(changes, had)) this.repeats++;
      else this.others++;
      return;
    }
    this.#had.set(`${epoch}/${part}`, changes);
    for (const { before, after } of changes) {
      if (before !== null) this.rows.push({ row: before, diff: -1 });
      if (after !== null) this.rows.push({ row: after, diff: 1 });
    }
  }
}

const named = (id: number, name: string | null, diff: number): LogRow => ({ row: { id, name }, diff });

test.each<[ChangeMode, readonly (readonly LogRow[])[]]>([
  ["append", [rows(0, 5000), [], rows(5000, 2)]],
  ["upsert", [[named(1, "a", 1), named(2, "b", 1)], [], [named(1, "c", 1), { row: { id: 2 }, diff: -1 }]]],
  ["retract", [[named(1, "a", 1)], [], [named(1, "a", -1), named(1, "b", 1)], [named(1, "b", -1)]]],
])(
  "a crash at any point tells a delivery of %s rows again, the same one, and who remembers its parts has each once",
  async (change, deliveries) => {
    const shape = shapeOf(change);
    let [repeats, others] = [0, 0];
    const target = async (crashes: Crashes): Promise<SinkTarget> => {
      const consumer = new Consumer();
      const { code } = callback((changes, told) => {
        crashes.point();
        consumer.take(changes, told);
        crashes.point();
      });
      return {
        options: {},
        factory: { open: (options, context) => committerFactory.open(options, { ...context, code }) },
        read: async () => stateAfter(shape, consumer.rows),
        close: async () => {
          repeats += consumer.repeats;
          others += consumer.others;
        },
      };
    };
    const kept = { lineages: false, hashes: false, batchRows: change === "append" ? 1000 : 2 };
    await checkSink({ shape, deliveries, target, ...kept });
    expect([repeats > 0, others]).toEqual([true, 0]);
  },
);

test("what a callback throws stops the delivery, and the next one is the same", async () => {
  const calls: Call[] = [];
  let broken = true;
  const driver = driverOf(async (changes: readonly Change[], told: Told) => {
    await Promise.resolve();
    if (broken) throw new Error("mail server is down");
    calls.push({ changes, ...told });
  });
  await expect(driver.deliver({ epoch: 4, rows: rows(0, 2) })).rejects.toThrow(
    /"sink" failed at part 0 of epoch 4: mail server is down\..*\[DF_CALLBACK\]/,
  );
  broken = false;
  await driver.deliver({ epoch: 9, rows: rows(2, 1) });
  expect(calls.map(({ epoch }) => epoch)).toEqual([4, 9]);
});

test("rows that only a callback could take are refused where the pipeline has it no more", async () => {
  await expect(driverOf(undefined).deliver({ epoch: 4, rows: rows(0, 2) })).rejects.toThrow(
    /Sink "sink" has rows, up to epoch 4, .*Put it back.*\[DF_CALLBACK_GONE\]/,
  );
});

test("a callback is a function", () => {
  expect(() => callback("log" as unknown as () => void)).toThrow(/not string\. \[DF_OPTION\]/);
});
