import { memoryTarget } from "@df/connectors/memory/target";
import { pipeline, sliding, t, tumbling, type PipelineDefinition } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { outcomesOf, runInMemory } from "../in-memory.ts";

const Person = t.row({ id: t.int64(), name: t.string(), at: t.timestamp() });
const Auction = t.row({ lot: t.int(), seller: t.int64(), at: t.timestamp() });
interface PersonRow {
  readonly id: bigint;
  readonly name: string;
  readonly at: number;
}
interface AuctionRow {
  readonly lot: number;
  readonly seller: bigint;
  readonly at: number;
}
interface Logs {
  readonly persons: PersonRow[];
  readonly auctions: AuctionRow[];
}
let names = 0;
const newName = (): string => `join-window-${++names}`;
/** Keys that spread over all shards, some of them wider than a double holds. */
const ids = Array.from({ length: 40 }, (_, i) => (i % 3 === 0 ? 2n ** 60n + BigInt(i) : BigInt(i)));

/** A person and two auctions of theirs every 100 ms; some persons sell nothing, some sellers are no persons. */
function logsOf(fromMillis: number, toMillis: number): Logs {
  const logs: Logs = { persons: [], auctions: [] };
  for (let at = fromMillis; at < toMillis; at += 100) {
    const n = at / 100;
    logs.persons.push({ id: ids[n % 40] as bigint, name: `p${n}`, at });
    logs.auctions.push({ lot: n, seller: ids[(n * 7) % 40] as bigint, at });
    logs.auctions.push({ lot: -n, seller: n % 5 === 0 ? 77n : (ids[n % 40] as bigint), at: at + 50 });
  }
  return logs;
}

function joined(logs: Logs, name: string): PipelineDefinition {
  return pipeline("joined", { checkpointEvery: "5ms", batchRows: 7, require: "identical" }, (p) => {
    const persons = p.from("persons", memorySource(logs.persons, Person, { bounded: false }), {
      eventTime: "at",
      maxOutOfOrderness: "0s",
    });
    const auctions = p.from("auctions", memorySource(logs.auctions, Auction, { bounded: false }), {
      eventTime: "at",
      maxOutOfOrderness: "0s",
    });
    const sold = persons.joinWindow("sold", auctions, {
      on: { id: "seller" },
      window: tumbling("2s"),
      type: "full",
      select: (who, auction, window) => ({
        name: who("name"),
        lot: auction("lot"),
        start: window("windowStart"),
      }),
    });
    sold.to("out", memorySink(name));
    sold.lateLeft.select((col) => ({ name: col("name") })).to("late-persons", memorySink(`${name}-persons`));
    sold.lateRight.select((col) => ({ lot: col("lot") })).to("late-auctions", memorySink(`${name}-auctions`));
  });
}

const shown = (rows: readonly object[]): string[] => rows.map((row) => JSON.stringify(row)).toSorted();
const delivered = (name: string): string[] => shown(memoryTarget(name).changes.map(({ row }) => row));

/** All pairs, by the definition. */
function pairsOf({ persons, auctions }: Logs): string[] {
  const start = (at: number): number => at - (at % 2000);
  const meet = (person: PersonRow, auction: AuctionRow): boolean =>
    person.id === auction.seller && start(person.at) === start(auction.at);
  return shown([
    ...persons.flatMap((person) => {
      const sold = auctions.filter((auction) => meet(person, auction));
      const lots = sold.length === 0 ? [null] : sold.map(({ lot }) => lot);
      return lots.map((lot) => ({ name: person.name, lot, start: start(person.at) }));
    }),
    ...auctions
      .filter((auction) => !persons.some((person) => meet(person, auction)))
      .map(({ lot, at }) => ({ name: null, lot, start: start(at) })),
  ]);
}

test.each([1, 3, 7])(
  "rows with equal values in columns of other names meet, on %i shards",
  async (parallelism) => {
    const [name, logs] = [newName(), logsOf(0, 9000)];
    const report = await runInMemory(joined(logs, name), { parallelism, drain: true });
    expect(delivered(name)).toEqual(pairsOf(logs));
    expect(outcomesOf(report, "sold")).toMatchObject({ folded: 270, late: 0 });
  },
);

/** The values of a column that were delivered. */
function valuesOf(name: string, column: string): Set<unknown> {
  return new Set(memoryTarget(name).changes.map(({ row }) => row[column]));
}

test("open windows are found again by any number of shards", async () => {
  const [stateDirectory, name, logs] = [newFolder("state"), newName(), logsOf(0, 3500)];
  await runInMemory(joined(logs, name), { stateDirectory, parallelism: 5 });
  for (const [parallelism, until] of [
    [2, 5500],
    [7, 7000],
    [1, 9000],
  ] as const) {
    const more = logsOf(logs.persons.length * 100, until);
    logs.persons.push(...more.persons);
    logs.auctions.push(...more.auctions);
    await runInMemory(joined(logs, name), { stateDirectory, parallelism, drain: until === 9000 });
  }
  // A log that has grown comes back behind the clock that the other one has reached: some of its rows are late.
  const [latePersons, lateAuctions] = [
    valuesOf(`${name}-persons`, "name"),
    valuesOf(`${name}-auctions`, "lot"),
  ];
  expect(latePersons.size + lateAuctions.size).toBeLessThan(60);
  expect(delivered(name)).toEqual(
    pairsOf({
      persons: logs.persons.filter((person) => !latePersons.has(person.name)),
      auctions: logs.auctions.filter((auction) => !lateAuctions.has(auction.lot)),
    }),
  );
});

test("a stream can be joined with itself, and its pairs go into windows of their own", async () => {
  const [name, { persons }] = [newName(), logsOf(0, 4000)];
  const definition = pipeline("itself", { checkpointEvery: "5ms", batchRows: 7 }, (p) => {
    const all = p.from("persons", memorySource(persons, Person), {
      eventTime: "at",
      maxOutOfOrderness: "0s",
    });
    all
      .joinWindow("same", all, {
        on: { id: "id" },
        window: sliding("2s", "1s"),
        allowedLateness: "500ms",
        select: (a, b) => ({ first: a("name"), second: b("name") }),
      })
      .window(tumbling("1s"))
      .aggregate("per-second", (a) => ({ pairs: a.count() }))
      .to("out", memorySink(name));
  });
  const report = await runInMemory(definition, { parallelism: 3, drain: true });
  // Ids are 4 s apart, so each row meets itself alone, in two windows.
  expect(memoryTarget(name).changes.map(({ row }) => row["pairs"])).toEqual([10, 20, 20, 20, 10]);
  expect(outcomesOf(report, "per-second")).toMatchObject({ folded: 80, late: 0 });
});
