import type { RunOptions } from "@df/core/runtime/run";
import { noMemory } from "@df/testing";
import {
  migration,
  pipeline,
  t,
  tumbling,
  type Aggregates,
  type PipelineDefinition,
  type Timestamp,
} from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { join } from "node:path";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { runInMemory, shown } from "../in-memory.ts";

const Before = t.row({ user: t.string(), cents: t.int32(), at: t.timestamp() });
const Now = t.row({ tenant: t.string(), user: t.string(), euros: t.float64(), at: t.timestamp() });
interface OldRow {
  readonly user: string;
  readonly cents: number;
  readonly at: number;
}
interface NewRow {
  readonly tenant: string;
  readonly user: string;
  readonly euros: number;
  readonly at: number;
}

const MINUTE = 60_000;
const OLD: readonly OldRow[] = Array.from({ length: 60 }, (_, i) => ({
  user: `t-${i % 3}:user-${i % 17}`,
  cents: i,
  at: i * MINUTE,
}));
const NEW: readonly NewRow[] = Array.from({ length: 20 }, (_, i) => ({
  tenant: `t-${i % 4}`,
  user: `user-${i % 5}`,
  euros: i / 4,
  at: (60 + i) * MINUTE,
}));
let names = 0;
const newName = (): string => `migrations-${++names}`;

/** Latest rows by user, and first rows, of which some wait for the clock. */
function before(name: string, id = "newest"): PipelineDefinition {
  return pipeline("users", (p) => {
    const rows = p.from("log", memorySource(OLD, Before, { bounded: false }), {
      eventTime: "at",
      maxOutOfOrderness: "10m",
    });
    rows.groupBy("user").latest(id, { by: "at" }).to("out", memorySink(name));
    rows
      .groupBy("user")
      .aggregate("counted", counts)
      .to("counts", memorySink(`${name}-counts`));
    rows
      .keyBy("user")
      .window(tumbling("10m"))
      .aggregate("parts", (a) => ({ rows: a.count() }), { allowedLateness: "7d" })
      .to("parts-out", memorySink(`${name}-parts`));
    rows
      .dedupe("first", { by: "at", within: "1s", keep: "first" })
      .to("waited", memorySink(`${name}-waited`));
  });
}

const counts = (a: Aggregates<{ at: Timestamp }, "append", "group">) => ({
  rows: a.count(),
  last: a.max("at"),
});

interface Written {
  readonly split?: ((row: OldRow) => NewRow) | undefined;
  readonly regroup?: (row: { user: string }) => { tenant: string; user: string };
  readonly renamed?: boolean;
  readonly log?: readonly object[];
}

/** By tenant and user. */
function after(
  name: string,
  { split, regroup = groupOf, renamed = false, log = [...OLD, ...NEW] }: Written,
): PipelineDefinition {
  const migrate = split && migration("tenants", Before, (row) => split(row));
  const groups = migrate && migration("groups", t.row({ user: t.string() }), regroup);
  return pipeline("users", (p) => {
    const rows = p.from("log", memorySource(log as NewRow[], Now, { bounded: false }), {
      eventTime: "at",
      maxOutOfOrderness: "10m",
    });
    rows
      .groupBy("tenant", "user")
      .latest(renamed ? "users" : "newest", {
        by: "at",
        ...(migrate && { migrate: migrate as never }),
        ...(renamed ? { renamedFrom: "newest" } : {}),
      })
      .to("by-tenant", memorySink(`${name}-now`));
    rows
      .groupBy("tenant", "user")
      .aggregate("counted", counts, { migrate: groups })
      .to("counts-now", memorySink(`${name}-counts-now`));
    rows
      .keyBy("tenant", "user")
      .window(tumbling("10m"))
      .aggregate("parts", (a) => ({ rows: a.count() }), { allowedLateness: "7d", migrate: groups })
      .to("parts-now", memorySink(`${name}-parts-now`));
    rows
      .dedupe("first", {
        by: "at",
        within: "1s",
        keep: "first",
        ...(migrate && { migrate: migrate as never }),
      })
      .to("waited-now", memorySink(`${name}-waited-now`));
  });
}

function groupOf({ user }: { readonly user: string }): { tenant: string; user: string } {
  const { tenant, user: own } = split({ user, cents: 0, at: 0 });
  return { tenant, user: own };
}

function split({ user, cents, at }: OldRow): NewRow {
  const [tenant = "", own = ""] = user.split(":");
  return { tenant, user: own, euros: cents / 100, at };
}

const KEY = ["tenant", "user"];
/** What the tables show that a pipeline makes that had the columns of now from the start. */
async function straight(): Promise<Readonly<Record<"latest" | "waited" | "counted" | "parts", string[]>>> {
  const name = newName();
  await runInMemory(after(name, { log: [...OLD.map(split), ...NEW] }));
  return {
    latest: shown(`${name}-now`, KEY),
    counted: shown(`${name}-counts-now`, KEY),
    parts: shown(`${name}-parts-now`, [...KEY, "windowStart"]),
    waited: shown(`${name}-waited-now`, ["at"]),
  };
}

const atOf = (line: string): unknown => (JSON.parse(line) as { readonly at: number }).at;

const SHARDS: readonly (readonly [number, number, Partial<RunOptions>])[] = [
  [1, 4, { openBudget: () => noMemory() }],
  [4, 2, {}],
];
test.each(SHARDS)(
  "a function makes state that of now, once, from %i shards to %i",
  async (parallelism, then, more) => {
    const [name, stateDirectory] = [newName(), newFolder("state")];
    await runInMemory(before(name), { stateDirectory, parallelism });
    let calls = 0;
    const counted = (row: OldRow): NewRow => {
      calls++;
      return split(row);
    };
    const notices: string[] = [];
    const onNotice = (notice: string): unknown => notices.push(notice);
    await runInMemory(after(name, { split: counted, log: OLD }), {
      stateDirectory,
      parallelism: then,
      onNotice,
      ...more,
    });
    expect(notices.join()).toContain(
      'the state of "counted" by "groups", "first" by "tenants", "newest" by "tenants", "parts" by "groups"',
    );
    // 51 users, and the rows of the last ten minutes, are tried; then each shard has its own, and looks for its users.
    expect(calls).toBe(62 + 51 * then + 11);
    await runInMemory(after(name, { split: counted }), { stateDirectory });
    expect(calls).toBe(62 + 51 * then + 11);
    await runInMemory(after(name, {}), { stateDirectory, parallelism: 4 });
    const { latest, waited, counted: rows, parts } = await straight();
    expect(shown(`${name}-parts-now`, [...KEY, "windowStart"])).toEqual(parts);
    expect(shown(`${name}-now`, KEY)).toEqual(latest);
    expect(shown(`${name}-counts-now`, KEY)).toEqual(rows);
    const passed = new Set(shown(`${name}-waited`, ["at"]).map(atOf));
    expect(shown(`${name}-waited-now`, ["at"])).toEqual(waited.filter((line) => !passed.has(atOf(line))));
  },
);

/** The state of the pipeline of before, and its tables. */
async function begun(): Promise<{ readonly name: string; readonly stateDirectory: string }> {
  const [name, stateDirectory] = [newName(), newFolder("state")];
  await runInMemory(before(name), { stateDirectory });
  return { name, stateDirectory };
}

test("a row that the function refuses is told with its values, and the state is as it was", async () => {
  const { name, stateDirectory } = await begun();
  const refuses = (row: OldRow): NewRow => {
    if (row.cents === 44) throw new Error("no such tenant");
    return split(row);
  };
  await expect(runInMemory(after(name, { split: refuses }), { stateDirectory })).rejects.toThrow(
    'Step "newest": its function "tenants" cannot bring {"user":"t-2:user-10","cents":44,"at":2640000} over: no such tenant.',
  );
  const incomplete = (row: OldRow): NewRow => ({ ...split(row), euros: "much" as never });
  await expect(runInMemory(after(name, { split: incomplete }), { stateDirectory })).rejects.toThrow(
    /cannot bring .*"euros".*\[DF_MIGRATE\]/,
  );
  const otherCopies = (row: OldRow): NewRow => ({ ...split(row), at: row.at + 1 });
  await expect(runInMemory(after(name, { split: otherCopies }), { stateDirectory })).rejects.toThrow(
    'it gives another "at", which may not change under the same name',
  );
  const regroup = (): { tenant: string; user: string } => ({ tenant: "t", user: "u" });
  const joined = after(name, { split, regroup, renamed: true });
  await expect(runInMemory(joined, { stateDirectory })).rejects.toThrow(
    'Two keys of state table "groups" would be one: {"tenant":"t","user":"u"}.',
  );
  // Also the step has the id that it had, and the sinks are there.
  await runInMemory(before(name), { stateDirectory });
  expect(shown(`${name}-now`, KEY)).toEqual([]);
});

test("what has run is stored with the first checkpoint: a crash before leaves the old state, one behind it the new", async () => {
  const { name, stateDirectory } = await begun();
  let calls = 0;
  const counted = (row: OldRow): NewRow => {
    calls++;
    return split(row);
  };
  const definition = after(name, { split: counted });
  const onStep = (): Promise<void> => Promise.reject(new Error("crash"));
  await expect(runInMemory(definition, { stateDirectory, onStep })).rejects.toThrow("crash");
  expect(calls).toBe(124);
  await runInMemory(definition, { stateDirectory });
  expect(calls).toBe(124);
  expect(shown(`${name}-now`, KEY)).toEqual((await straight()).latest);
});

test("a process whose pipeline has a function no more still tells that it has run", async () => {
  const { name, stateDirectory } = await begun();
  await runInMemory(after(name, { split }), { stateDirectory });
  let known: unknown;
  await runInMemory(after(name, {}), { stateDirectory, onStart: ({ migrated }) => (known = migrated) });
  expect(known).toEqual({ newest: ["tenants"], first: ["tenants"], counted: ["groups"], parts: ["groups"] });
});

test("a step that is renamed and begins from a savepoint is brought over too, and a new state needs no function", async () => {
  const { name, stateDirectory } = await begun();
  let kept: Promise<unknown> | undefined;
  const onStart: RunOptions["onStart"] = (handle) => {
    kept = handle.savepoint({ name: "first", created: "2026-05-01T00:00:00Z", automatic: false } as never);
  };
  await runInMemory(before(name), { stateDirectory, onStart });
  await kept;
  const savepoint = join(stateDirectory, "savepoints", "first");
  const own = newName();
  await runInMemory(after(own, { split, renamed: true }), {
    stateDirectory: newFolder("state"),
    from: savepoint,
  });
  expect(shown(`${own}-now`, KEY)).toEqual((await straight()).latest);
  const never = (): never => {
    throw new Error("nothing is there to be brought over");
  };
  const anew = { log: [...OLD.map(split), ...NEW], split: never };
  await runInMemory(after(newName(), anew), { stateDirectory: newFolder("state") });
});
