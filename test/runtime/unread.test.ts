import { pipeline, type Stream, t } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { expect, test } from "vitest";
import { runInMemory } from "../in-memory.ts";

const Sale = t.row({ shop: t.string(), cents: t.int() });
type Sales = Stream<t.infer<typeof Sale>, "append", never, false>;

/** The steps of which the report of a run says that nothing reads them. */
async function unreadOf(build: (sales: Sales) => void): Promise<readonly string[] | undefined> {
  const definition = pipeline("sales", (p) =>
    build(p.from("sales", memorySource([{ shop: "a", cents: 5 }], Sale, { bounded: true }))),
  );
  const report = await runInMemory(definition);
  return report.resultsUnread;
}

test("a run tells which results no sink shows, where others have one", async () => {
  const forgotten = await unreadOf((sales) => {
    sales.to("all", memorySink("unread-all"));
    sales.filter(({ cents }) => cents > 1).map({ shop: t.string() }, ({ shop }) => ({ shop }));
  });
  expect(forgotten).toEqual(["sales.map"]);
});

test("nothing is said where all rows end in a sink, or in a look at them", async () => {
  const looked = await unreadOf((sales) => {
    sales.to("all", memorySink("unread-none"));
    sales.tap(() => {});
  });
  expect(looked).toBeUndefined();
});
