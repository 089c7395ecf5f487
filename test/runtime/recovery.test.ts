import { getEventListeners } from "node:events";
import { cpSync } from "node:fs";
import { memoryTarget } from "@df/connectors/memory/target";
import type { Duration } from "@df/core";
import type { ProtocolStep } from "@df/core/runtime/delivery";
import { pipeline, t, tumbling, type PipelineDefinition } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { runInMemory } from "../in-memory.ts";
import { type Gates, gatedSource } from "./gated-source.ts";

const Row = t.row({ key: t.string(), at: t.timestamp() });
interface PlainRow {
  readonly key: string;
  readonly at: number;
}
let names = 0;
const newName = (): string => `recovery-${++names}`;
const rowsAt = (...minutes: number[]): PlainRow[] => minutes.map((at) => ({ key: "k", at: at * 60_000 }));

/** Hours of one log, final. */
function hours(log: readonly PlainRow[], name: string, bounded = true): PipelineDefinition {
  return pipeline("hours", { checkpointEvery: "1h" }, (p) => {
    p.from("log", memorySource(log, Row, { bounded }), { eventTime: "at", maxOutOfOrderness: "0s" })
      .keyBy("key")
      .window(tumbling("1h"))
      .aggregate("hours", (a) => ({ rows: a.count() }))
      .to("out", memorySink(name));
  });
}

const counts = (name: string): unknown[] => memoryTarget(name).changes.map(({ row }) => Number(row["rows"]));

/** Ends a run at its first such step. */
const crashAt = (where: ProtocolStep) => (step: ProtocolStep) =>
  step === where ? Promise.reject(new Error("crash")) : Promise.resolve();

test.each(["checkpoint stored", "staged", "intent stored", "committed"] as const)(
  "rows of a finished pipeline that crashed at “%s” are shown by the next run",
  async (step) => {
    const [stateDirectory, name] = [newFolder("state"), newName()];
    const definition = hours(rowsAt(1, 2, 70), name);
    await expect(runInMemory(definition, { stateDirectory, onStep: crashAt(step) })).rejects.toThrow("crash");
    const report = await runInMemory(definition, { stateDirectory });
    expect(report.ended).toBe("nothing new");
    expect(counts(name)).toEqual([2, 1]);
  },
);

test("a finished pipeline that crashed before its delivery shows it even where new input is refused", async () => {
  const [stateDirectory, name, log] = [newFolder("state"), newName(), rowsAt(1, 2, 70)];
  const onStep = crashAt("checkpoint stored");
  await expect(runInMemory(hours(log, name), { stateDirectory, onStep })).rejects.toThrow("crash");
  log.push(...rowsAt(80));
  await expect(runInMemory(hours(log, name), { stateDirectory })).rejects.toThrow("DF_STATE_DRAINED");
  expect(counts(name)).toEqual([2, 1]);
});

/** A raw copy and hours; the copy's sink is at its limit with every row. */
function crowded(log: readonly PlainRow[], name: string, checkpointEvery: Duration): PipelineDefinition {
  return pipeline("crowded", { checkpointEvery, batchRows: 2 }, (p) => {
    const rows = p.from("log", memorySource(log, Row, { bounded: false }), {
      eventTime: "at",
      maxOutOfOrderness: "0s",
    });
    rows.to("copy", memorySink(`${name}-copy`), { commitEvery: { time: "1h", bytes: 1 } });
    rows
      .keyBy("key")
      .window(tumbling("1h"))
      .aggregate("hours", (a) => ({ rows: a.count() }))
      .to("out", memorySink(name));
  });
}

test("a window that fires at the very end of the input is shown, however crowded a sink is", async () => {
  // The last row of the second split ends after the first one; only then the clock passes the first hour.
  const name = newName();
  const logs = { a: rowsAt(1, 2), b: rowsAt(70, 80, 90) };
  const definition = pipeline("ends", { checkpointEvery: "1ms", batchRows: 2 }, (p) => {
    const rows = p.from("log", memorySource(logs, Row, { bounded: false }), {
      eventTime: "at",
      maxOutOfOrderness: "0s",
    });
    rows.to("copy", memorySink(`${name}-copy`), { commitEvery: { time: "1h", bytes: 1 } });
    rows
      .keyBy("key")
      .window(tumbling("1h"))
      .aggregate("hours", (a) => ({ rows: a.count() }))
      .to("out", memorySink(name));
  });
  await runInMemory(definition);
  expect(counts(name)).toEqual([2]);
  expect(memoryTarget(`${name}-copy`).changes).toHaveLength(5);
});

test(
  "a sink that is full asks for a checkpoint instead of waiting for its time",
  { timeout: 5_000 },
  async () => {
    const name = newName();
    await runInMemory(crowded(rowsAt(1, 2, 3, 4, 5, 6, 70), name, "1h"));
    expect(memoryTarget(`${name}-copy`).changes).toHaveLength(7);
    expect(counts(name)).toEqual([6]);
  },
);

test.each([1, 2, 7])("a commit carries the clock of the pipeline at parallelism %i", async (parallelism) => {
  const name = newName();
  await runInMemory(crowded(rowsAt(1, 2, 70), name, "1h"), { parallelism });
  for (const target of [name, `${name}-copy`])
    expect(memoryTarget(target).marker?.clock).toBe(70 * 60_000_000 - 1);
});

/** Two sinks, or only the first of them. */
function copies(log: readonly PlainRow[], name: string, both: boolean, hour: "1h" | "2h" = "1h") {
  return pipeline("copies", { checkpointEvery: "1h" }, (p) => {
    const rows = p.from("log", memorySource(log, Row, { bounded: false }), {
      eventTime: "at",
      maxOutOfOrderness: "0s",
    });
    rows
      .keyBy("key")
      .window(tumbling(hour))
      .aggregate("hours", (a) => ({ rows: a.count() }))
      .to("first", memorySink(`${name}-first`));
    if (both) rows.to("second", memorySink(`${name}-second`));
  });
}

test("a sink that was removed together with its table keeps nothing from starting", async () => {
  const [stateDirectory, name, log] = [newFolder("state"), newName(), rowsAt(1, 2, 70)];
  await runInMemory(copies(log, name, true), { stateDirectory });
  memoryTarget(`${name}-second`).marker = undefined;
  log.push(...rowsAt(150));
  await runInMemory(copies(log, name, false), { stateDirectory });
  expect(counts(`${name}-first`)).toEqual([2, 1]);
});

test("a plan that is refused leaves the state as it was, also where it lacks a sink", async () => {
  const [stateDirectory, name, log] = [newFolder("state"), newName(), rowsAt(1, 2, 70)];
  await runInMemory(copies(log, name, true), { stateDirectory });
  log.push(...rowsAt(150));
  await expect(runInMemory(copies(log, name, false, "2h"), { stateDirectory })).rejects.toThrow(
    "DF_PLAN_CHANGED",
  );
  await runInMemory(copies(log, name, true), { stateDirectory });
  expect(memoryTarget(`${name}-second`).changes).toHaveLength(4);
});

test("a target that is refused leaves the state as it was, also where the plan lacks a sink", async () => {
  const [stateDirectory, name, log] = [newFolder("state"), newName(), rowsAt(1, 2, 70)];
  await runInMemory(copies(log, name, true), { stateDirectory });
  const target = memoryTarget(`${name}-first`);
  const { marker } = target;
  target.marker = undefined;
  await expect(runInMemory(copies(log, name, false), { stateDirectory })).rejects.toThrow("DF_SINK_BEHIND");
  target.marker = marker;
  log.push(...rowsAt(150));
  await runInMemory(copies(log, name, true), { stateDirectory });
  expect(memoryTarget(`${name}-second`).changes).toHaveLength(4);
});

test("what a removed sink still held is shown to it before the pipeline goes on", async () => {
  const [stateDirectory, name, log] = [newFolder("state"), newName(), rowsAt(1, 2, 70)];
  const onStep = crashAt("checkpoint stored");
  await expect(runInMemory(copies(log, name, true), { stateDirectory, onStep })).rejects.toThrow("crash");
  await runInMemory(copies(log, name, false), { stateDirectory });
  expect(memoryTarget(`${name}-second`).changes).toHaveLength(3);
});

test.each([
  ["another state", "DF_SINK_OTHER_LINEAGE", () => newFolder("state")],
  ["a copy of the state, after the original went on", "DF_SINK_AHEAD", undefined],
] as const)("a target is not written from %s", async (_, code, other) => {
  const [stateDirectory, copy, name, log] = [newFolder("state"), newFolder("copy"), newName(), rowsAt(1, 70)];
  await runInMemory(hours(log, name, false), { stateDirectory });
  cpSync(stateDirectory, copy, { recursive: true });
  log.push(...rowsAt(150));
  await runInMemory(hours(log, name, false), { stateDirectory });
  const before = memoryTarget(name).changes.length;
  log.push(...rowsAt(300));
  const given = other === undefined ? copy : other();
  await expect(runInMemory(hours(log, name, false), { stateDirectory: given })).rejects.toThrow(code);
  expect(memoryTarget(name).changes).toHaveLength(before);
});

test("a target that was set back to an older version is not written", async () => {
  const [stateDirectory, name, log] = [newFolder("state"), newName(), rowsAt(1, 70)];
  await runInMemory(hours(log, name, false), { stateDirectory });
  const older = memoryTarget(name).marker;
  log.push(...rowsAt(150));
  await runInMemory(hours(log, name, false), { stateDirectory });
  memoryTarget(name).marker = older;
  await expect(runInMemory(hours(log, name, false), { stateDirectory })).rejects.toThrow("DF_SINK_BEHIND");
});

test("a run that is done leaves nothing behind on the signal that could have stopped it", async () => {
  const { signal } = new AbortController();
  await runInMemory(hours(rowsAt(1, 70), newName()), { signal });
  expect(getEventListeners(signal, "abort")).toEqual([]);
});

test("a run that fails closes the readers of all splits", async () => {
  const name = newName();
  const source = memorySource(rowsAt(1, 70), Row);
  let open = 0;
  const counted: typeof source = {
    ...source,
    open: async (context) => {
      const opened = await source.open(context);
      return {
        splits: () => opened.splits(),
        read: () => {
          open++;
          return { poll: () => Promise.reject(new Error("unreadable")), close: async () => void open-- };
        },
        close: () => opened.close(),
      };
    },
  };
  const definition = pipeline("unreadable", (p) => p.from("log", counted).to("out", memorySink(name)));
  await expect(runInMemory(definition)).rejects.toThrow("unreadable");
  expect(open).toBe(0);
});

test("splits without event time are read in turns", async () => {
  const order: string[] = [];
  const logs = { a: rowsAt(1, 2, 3), b: rowsAt(1, 2, 3) };
  const gates: Gates<PlainRow> = { logs, silent: new Set(), onPoll: (split) => void order.push(split) };
  const definition = pipeline("turns", { batchRows: 1 }, (p) =>
    p.from("log", gatedSource(gates, Row)).to("out", memorySink(newName())),
  );
  await runInMemory(definition);
  expect(order.slice(0, 6)).toEqual(["a", "b", "a", "b", "a", "b"]);
});

test.each([0, 129, 1.5])("a parallelism of %d is refused before anything is read", async (parallelism) => {
  const name = newName();
  await expect(runInMemory(hours(rowsAt(1, 70), name), { parallelism })).rejects.toThrow("DF_OPTION");
});

/** A log whose source writes down up to where it may forget, with a sink and a slow one. */
function acknowledged(log: readonly PlainRow[], name: string, told: unknown[]): PipelineDefinition {
  const source = memorySource(log, Row, { bounded: false });
  const telling: typeof source = {
    ...source,
    open: async (context) => {
      const opened = await source.open(context);
      return {
        splits: () => opened.splits(),
        read: (split, position) => opened.read(split, position),
        committed: async (_, positions) => {
          // What is acknowledged is shown by both.
          const shown = ["", "-slow"].map((sink) => memoryTarget(`${name}${sink}`).changes.length);
          told.push([...positions.values(), Math.min(...shown)]);
        },
        close: () => opened.close(),
      };
    },
  };
  return pipeline("acknowledged", { checkpointEvery: "1ms", batchRows: 1 }, (p) => {
    const rows = p.from("log", telling);
    rows.to("out", memorySink(name), { commitEvery: { time: "1ms", bytes: 1 } });
    rows.to("slow", memorySink(`${name}-slow`), { commitEvery: { time: "20ms", bytes: 1_000_000 } });
  });
}

test("a source is told positions only when every sink shows all before them, and in the end the last ones", async () => {
  const [name, told] = [newName(), [] as [number, number][]];
  await runInMemory(acknowledged(rowsAt(...Array(40).keys()), name, told));
  expect(told.at(-1)).toEqual([40, 40]);
  for (const [position, shown] of told) expect(shown).toBeGreaterThanOrEqual(position);
});

test("a source is told again what a crash kept it from hearing", async () => {
  const [stateDirectory, name, told] = [newFolder("state"), newName(), [] as [number, number][]];
  const definition = acknowledged(rowsAt(1, 2, 3), name, told);
  const onStep = crashAt("intent stored");
  await expect(runInMemory(definition, { stateDirectory, onStep })).rejects.toThrow("crash");
  expect(told).toEqual([]);
  await runInMemory(definition, { stateDirectory });
  expect(told.at(-1)).toEqual([3, 3]);
});
