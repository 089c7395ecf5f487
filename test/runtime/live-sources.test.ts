import { memoryTarget } from "@df/connectors/memory/target";
import { pipeline, t, tumbling } from "dataflow";
import { fromIterable } from "dataflow/iterables";
import { memorySink, memorySource } from "dataflow/memory";
import { fromObservable } from "dataflow/rxjs";
import { Observable, Subject } from "rxjs";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { outcomesOf, runInMemory } from "../in-memory.ts";

const Row = t.row({ n: t.int32() });
const numbers = (name: string): unknown[] => memoryTarget(name).changes.map(({ row }) => row["n"]);

test("a clean stop keeps every row that was given, and the next run goes on behind it", async () => {
  const stateDirectory = newFolder("live");
  const rows$ = new Subject<{ n: number }>();
  const stop = new AbortController();
  const definition = pipeline("stops", { batchRows: 3 }, (p) =>
    p.from("rows", fromObservable(Row, rows$)).to("out", memorySink("live-stop")),
  );
  const given = Array.from({ length: 50 }, (_, n) => ({ n }));
  const report = await runInMemory(definition, {
    stateDirectory,
    signal: stop.signal,
    onStart: () => {
      setImmediate(() => {
        for (const row of given) rows$.next(row);
        stop.abort();
      });
    },
  });
  expect(report).toMatchObject({ ended: "stopped", rowsRead: 50, label: "arrival" });
  expect(numbers("live-stop")).toEqual(given.map(({ n }) => n));
  expect(rows$.observed).toBe(false);
  const again = runInMemory(definition, {
    stateDirectory,
    onStart: () => {
      setImmediate(() => {
        rows$.next({ n: 50 });
        rows$.complete();
      });
    },
  });
  expect((await again).ledger.find(({ node }) => node === "rows")?.rowsIn).toBe(51);
  expect(numbers("live-stop")).toEqual([...given.map(({ n }) => n), 50]);
});

test("a run says which sources are read once, and calls what they feed at most once", async () => {
  const notices: string[] = [];
  const report = await runInMemory(
    pipeline("told", (p) => {
      p.from("once", fromIterable(Row, [{ n: 1 }])).to("live", memorySink("told-live"));
      p.from("again", memorySource([{ n: 1 }], Row)).to("stored", memorySink("told-stored"));
    }),
    { onNotice: (notice) => notices.push(notice) },
  );
  expect(notices).toEqual([
    expect.stringMatching(/^Read once: "once"\. .*a crash loses the rows since the last/),
  ]);
  const guarantees = report.sinks.map(({ sink, guarantee, comparable }) => [sink, guarantee, comparable]);
  expect(guarantees).toEqual([
    ["live", "at most once", false],
    ["stored", "exactly once", true],
  ]);
});

test("a pipeline that requires convergent results refuses a source that is read once", () => {
  const definition = pipeline("requires", { require: "convergent" }, (p) =>
    p.from("once", fromIterable(Row, [])).to("out", memorySink("requires")),
  );
  expect(() => definition.build()).toThrow(/"once" \(its rows are read once\).*inbox.*\[DF_LABEL\]/);
});

test("what a source throws stops the run, naming the source", async () => {
  async function* failing(): AsyncGenerator<{ n: number }> {
    yield { n: 1 };
    throw new Error("the line is dead");
  }
  const run = runInMemory(
    pipeline("fails", (p) => p.from("feed", fromIterable(Row, failing)).to("out", memorySink("fails"))),
  );
  await expect(run).rejects.toThrow(
    'Source "feed": fromIterable() failed after 1 rows of this run: the line is dead [DF_SOURCE_FAILED]',
  );
});

test("a source that cannot be read is named", async () => {
  const once = [{ n: 1 }].values();
  const definition = pipeline("used", (p) =>
    p.from("feed", fromIterable(Row, once)).to("out", memorySink("used")),
  );
  const stateDirectory = newFolder("used");
  await runInMemory(definition, { stateDirectory });
  await expect(runInMemory(definition, { stateDirectory })).rejects.toThrow(
    /^Source "feed": What was given .*\[DF_SOURCE_USED\]/,
  );
});

test("a row that does not fit goes to quarantine with its text, and the others go on", async () => {
  const report = await runInMemory(
    pipeline("refused", (p) =>
      p
        .from("rows", fromIterable(Row, [{ n: 1 }, { n: "two" as never }, { n: 3 }]), {
          onInvalid: memorySink("refused-raw"),
        })
        .to("out", memorySink("refused-out")),
    ),
  );
  expect(numbers("refused-out")).toEqual([1, 3]);
  expect(outcomesOf(report, "rows")).toMatchObject({ passed: 2, quarantined: 1 });
  const [refused] = memoryTarget("refused-raw").changes.map(({ row }) => row);
  expect(refused).toMatchObject({
    node: "rows",
    split: "0",
    position: "1",
    reason: expect.stringMatching(/"n"/),
  });
  expect(Buffer.from(refused?.["raw"] as Uint8Array).toString()).toBe('{"n":"two"}');
});

const Timed = t.row({ n: t.int32(), at: t.timestamp() });
const timed = Array.from({ length: 4 }, (_, n) => ({ n, at: new Date(n * 30_000) }));

test.each([
  [true, 2],
  [false, 1],
])("an iterable that says bounded: %s has closed %i windows at its end", async (bounded, closed) => {
  const name = `bounded-${bounded}`;
  await runInMemory(
    pipeline("bounded", (p) =>
      p
        .from("rows", fromIterable(Timed, timed, { bounded }), { eventTime: "at", maxOutOfOrderness: "0s" })
        .keyBy("n")
        .window(tumbling("1m"))
        .aggregate("counts", (a) => ({ rows: a.count() }))
        .to("out", memorySink(name)),
    ),
  );
  expect(new Set(memoryTarget(name).changes.map(({ row }) => row["windowStart"])).size).toBe(closed);
});

test("an Observable that throws when it is left loses no row, keeps no other source open, and is told", async () => {
  const stop = new AbortController();
  let left = false;
  const rows$ = new Observable<{ n: number }>((subscriber) => {
    for (let n = 0; n < 50; n++) subscriber.next({ n });
    setImmediate(() => stop.abort());
    return () => {
      throw new Error("cannot unsubscribe");
    };
  });
  async function* endless(): AsyncGenerator<{ n: number }> {
    try {
      for (let n = 0; ; n++) yield { n };
    } finally {
      left = true;
    }
  }
  const run = runInMemory(
    pipeline("leaves", (p) => {
      p.from("observable", fromObservable(Row, rows$)).to("out", memorySink("leaves"));
      p.from("endless", fromIterable(Row, endless)).to("other", memorySink("leaves-other"));
    }),
    { signal: stop.signal },
  );
  await expect(run).rejects.toThrow(/fromObservable\(\) failed when it was left: .*cannot unsubscribe/s);
  expect(numbers("leaves")).toHaveLength(50);
  expect(left).toBe(true);
});

test("an iterable that always has a next row leaves the event loop its turns", async () => {
  const stop = new AbortController();
  async function* endless(): AsyncGenerator<{ n: number }> {
    for (let n = 0; ; n++) yield { n: n % 7 };
  }
  const definition = pipeline("turns", (p) => {
    p.from("endless", fromIterable(Row, endless))
      .filter(({ n }) => n > 6)
      .to("out", memorySink("turns"));
  });
  const onStart = (): void => void setTimeout(() => stop.abort(), 20);
  expect(await runInMemory(definition, { signal: stop.signal, onStart })).toMatchObject({ ended: "stopped" });
});
