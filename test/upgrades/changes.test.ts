import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { copiesOf, dataflow, newFolder } from "../command.ts";
import { contentHashes, kill } from "./every-run.ts";

/** What a pipeline is written of: each part may be replaced by a later version. */
const BEFORE = {
  columns: "shop: t.string(), cents: t.int32(), day: t.string(), at: t.timestamp()",
  view: "sum: a.sum('cents'), rows: a.count(), first: a.min('day'), mean: a.avg('cents')",
  shown: "shop: t.string(), rows: t.int(), first: t.string()",
  make: "(row) => ({ shop: row.shop, rows: row.rows, first: row.first })",
  hours: "sum: a.sum('cents'), dear: a.where((row) => row.cents > 50).count()",
  lateness: "2h",
  visits: "sum: a.sum('cents'), rows: a.count(), last: a.max('day')",
  pairs: "{ shop: one('shop'), cents: one('cents'), day: other('day'), at: other('at') }",
};
type Parts = typeof BEFORE;

function write(folder: string, changed: Partial<Parts> = {}): string {
  const { columns, view, shown, make, hours, lateness, visits, pairs } = { ...BEFORE, ...changed };
  const file = join(folder, "pipeline.ts");
  writeFileSync(
    file,
    `import { pipeline, session, t, tumbling } from "dataflow";
    import { delta } from "dataflow/delta";
    import { files } from "dataflow/files";
    import { json } from "dataflow/json";
    const Sale = t.row({ ${columns} });
    export default pipeline("sales", { checkpointEvery: "20ms", batchRows: 3 }, (p) => {
      const sales = p.from("sales", files({ path: "sales.jsonl", decode: json(Sale) }), {
        eventTime: "at",
        maxOutOfOrderness: "1m",
      });
      const once = sales.dedupe("once", { by: ["shop", "at"], within: "1d", keep: "any" });
      once.groupBy("shop").aggregate("shops", (a) => ({ ${view} }))
        .map({ ${shown} }, ${make}).to("shops-table", delta({ path: "out/shops" }));
      sales.keyBy("shop").window(tumbling("1h"))
        .aggregate("hours", (a) => ({ ${hours} }), { allowedLateness: "${lateness}", emit: "onUpdate" })
        .to("hours-table", delta({ path: "out/hours" }));
      const first = sales.dedupe("first", { by: "day", within: "1h", keep: "first" });
      first.map({ shop: t.string(), day: t.string() }, (row) => ({ shop: row.shop, day: row.day }))
        .to("first-table", delta({ path: "out/first" }));
      first.groupBy("shop").latest("newest", { by: "at" })
        .map({ shop: t.string(), day: t.string() }, (row) => ({ shop: row.shop, day: row.day }))
        .to("newest-table", delta({ path: "out/newest" }));
      sales.keyBy("shop").window(session("30m"))
        .aggregate("visits", (a) => ({ ${visits} }), { allowedLateness: "1h", emit: "onUpdate" })
        .groupBy("shop").aggregate("visited", (a) => ({ rows: a.sum("rows") }))
        .to("visited-table", delta({ path: "out/visited" }));
      sales.joinWindow("pairs", first, {
        on: { shop: "shop" }, window: tumbling("1h"), select: (one, other) => (${pairs}),
      }).map({ shop: t.string(), day: t.string() }, (row) => ({ shop: row.shop, day: row.day }))
        .to("pairs-table", delta({ path: "out/pairs" }));
    });`,
  );
  return file;
}

interface Sale {
  readonly shop: string;
  readonly cents: number;
  readonly day: string;
  readonly at: string;
}
const sale = (number: number, minute: number, more: object = {}): Sale => ({
  shop: `s-${number % 3}`,
  cents: (number * 37) % 101,
  day: `d-${(number * 7) % 10}${"x".repeat(number % 5)}`,
  at: new Date(Date.parse("2026-05-01T08:00:00Z") + minute * 60_000).toISOString(),
  ...more,
});
const FIRST = Array.from({ length: 30 }, (_, number) => sale(number, number * 5));
const SECOND = Array.from({ length: 30 }, (_, number) => sale(number + 30, (number + 30) * 5));

const append = (folder: string, sales: readonly Sale[]): void =>
  appendFileSync(join(folder, "sales.jsonl"), sales.map((each) => `${JSON.stringify(each)}\n`).join(""));

/** A folder in which the pipeline of before has read the first sales. */
const begun = copiesOf("changes", (folder) => {
  append(folder, FIRST);
  contentHashes(folder, write(folder));
});

const answers = new Map<string, unknown>();

/** What the tables of a pipeline have that reads all sales. Each is run once. */
function straight(changed: Partial<Parts>, sales: readonly Sale[]): unknown {
  const asked = JSON.stringify([changed, sales]);
  if (!answers.has(asked)) {
    const folder = newFolder("straight");
    append(folder, sales);
    answers.set(asked, contentHashes(folder, write(folder, changed)));
  }
  return answers.get(asked);
}

function planOf(folder: string, code = 0): string {
  const plan = dataflow(folder, ["plan", "pipeline.ts"]);
  expect([plan.stderr, plan.code]).toEqual(["", code]);
  return plan.stdout;
}

describe("a state goes on, and tables end as if the pipeline had always been so,", () => {
  const fewer = {
    view: "first: a.min('day'), rows: a.count()",
    visits: "rows: a.count(), sum: a.sum('cents')",
    pairs: "{ day: other('day'), shop: one('shop') }",
  };

  test("without some of its aggregates, and with the others in another order", () => {
    const folder = begun();
    const file = write(folder, fewer);
    const plan = planOf(folder);
    expect(plan).toMatch(/ shops .* migrate {2}its rows are written anew at the first checkpoint\n/);
    expect(plan).toMatch(/ The columns of inputs of step "shops" changed; gone: "cents int32"\./);
    expect(plan).toMatch(/ The aggregates of step "shops" changed; gone: .*"sum"/);
    expect(plan).toMatch(/ visits +migrate {2}its rows are written anew at the first checkpoint\n/);
    expect(plan).toMatch(/ pairs +migrate {2}its rows are written anew at the first checkpoint\n/);
    append(folder, SECOND);
    expect(contentHashes(folder, file)).toEqual(straight(fewer, [...FIRST, ...SECOND]));
    expect(planOf(folder)).toMatch(/ shops +keep\n/);
  });

  test.each(["checkpoint stored", "committed", 200, 300])(
    "also when the first run is killed (%s)",
    async (moment) => {
      const folder = begun();
      const file = write(folder, fewer);
      append(folder, SECOND);
      await kill(folder, moment, file);
      expect(contentHashes(folder, file)).toEqual(straight(fewer, [...FIRST, ...SECOND]));
    },
  );

  test("with wider integers in its sums, values that may be missing, and a column more", () => {
    const folder = begun();
    const wider = {
      columns: `${BEFORE.columns.replace("cents: t.int32()", "cents: t.int64()")}, note: t.string().optional()`,
    };
    const file = write(folder, { ...wider, hours: BEFORE.hours.replace("cents > 50", "cents > 50n") });
    const plan = planOf(folder);
    expect(plan).toMatch(
      / sales .* keep .*The columns of source "sales" changed; gone: .*"cents int32"; new: /,
    );
    expect(plan).toMatch(/ hours .* keep .*"cents int64"/);
    expect(plan).toMatch(/ once .* keep .*"cents int64"/);
    expect(plan).toMatch(/ newest .* migrate .*/);
    const large = [...SECOND, sale(99, 300, { cents: 2 ** 40, note: "large" })];
    append(folder, large);
    const changed = { ...wider, hours: BEFORE.hours.replace("cents > 50", "cents > 50n") };
    expect(contentHashes(folder, file)).toEqual(straight(changed, [...FIRST, ...large]));
  });
});

test("rows from now on are taken by a shorter lateness, those of before keep what they have", () => {
  const folder = begun();
  const before = sale(1, 20, { cents: 7 });
  append(folder, [before]);
  contentHashes(folder, write(folder));
  const file = write(folder, { lateness: "30m" });
  expect(planOf(folder)).toContain('The allowedLateness of step "hours" changed from 2h to 30m.');
  // The clock is at 10:24: the hour of 8 was open for 2h, the hour of 9 is open for 30m.
  append(folder, [sale(1, 21, { cents: 1000 }), sale(1, 80, { cents: 5 }), ...SECOND]);
  const { "hours-table": hours } = contentHashes(folder, file);
  const taken = [...FIRST, before, sale(1, 80, { cents: 5 }), ...SECOND];
  expect(hours).toBe((straight({}, taken) as Record<string, string>)["hours-table"]);
});

test("rows from now on are asked the new condition, also where it reads another column", () => {
  const folder = begun();
  const hours = "sum: a.sum('cents'), dear: a.where((row) => row.day > 'd-5').count()";
  const file = write(folder, { hours });
  expect(planOf(folder)).toContain('lambdas that have changed: "hours.where()"');
  append(folder, SECOND);
  const { "hours-table": table } = contentHashes(folder, file);
  const both = "(row) => row.at < Date.parse('2026-05-01T10:30:00Z') ? row.cents > 50 : row.day > 'd-5'";
  const answer = straight({ hours: `sum: a.sum('cents'), dear: a.where(${both}).count()` }, [
    ...FIRST,
    ...SECOND,
  ]);
  expect(table).toBe((answer as Record<string, string>)["hours-table"]);
});

describe("a state is refused, with the reason,", () => {
  test.each<[string, Partial<Parts>, ...string[]]>([
    [
      "by a step with one more aggregate",
      { view: `${BEFORE.view}, last: a.max('day')` },
      'The aggregates of step "shops" changed; new: "last" (max of "day").',
      'Groups that are there have no "last" of the rows before.',
      'Or leave "shops" and its sinks as they were, and put the changed step beside it, under another id',
    ],
    [
      "by a longer lateness",
      { lateness: "3h" },
      "Windows that were over under the shorter lateness are gone",
    ],
    [
      "by an aggregate over another column",
      { view: BEFORE.view.replace("a.min('day')", "a.min('shop')") },
      'The aggregates of step "shops" changed; "first" (min of "day") is min of "shop" now.',
    ],
    [
      "by the same name for another aggregate",
      { hours: BEFORE.hours.replace("a.sum('cents')", "a.avg('cents')") },
      'The aggregates of step "hours" changed; "sum" (sum of "cents") is avg of "cents" now.',
    ],
    [
      "by a sink that lacks a column, which may have another id",
      { hours: "sum: a.sum('cents')" },
      'The columns of sink "hours-table" changed',
      'Undo the change, give "hours-table" another id and a new target, or start with a new state directory',
    ],
  ])("%s", (_what, changed, ...words) => {
    const folder = begun();
    write(folder, changed);
    const plan = planOf(folder, 5);
    for (const why of words) expect(plan).toContain(why);
    const { code, stderr } = dataflow(folder, ["run", "pipeline.ts"]);
    expect(code).toBe(5);
    for (const why of words) expect(stderr).toContain(why);
  });
});
