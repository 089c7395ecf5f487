/** A producer that repeats all it has whenever it starts, behind an inbox: something to kill. */
import { setTimeout } from "node:timers/promises";
import { pipeline, t, tumbling } from "dataflow";
import { filesSink, jsonLines } from "dataflow/files";
import { inbox } from "dataflow/inbox";
import { fromIterable } from "dataflow/iterables";

const Event = t.row({ id: t.int32(), at: t.timestamp() });

/** Events of the producer; it says so and pauses after every few of them. */
const EVENTS = 400;

async function* producer(): AsyncGenerator<{ id: number; at: Date }> {
  for (let id = 0; id < EVENTS; id++) {
    if (id % 10 === 0) {
      process.stdout.write(".");
      await setTimeout(10);
    }
    yield { id, at: new Date(id * 1000) };
  }
}

const commitEvery = { time: "50ms", bytes: 1 << 20 } as const;

export default pipeline("inbox", { checkpointEvery: "20ms", batchRows: 7, require: "identical" }, (p) => {
  const events = p.from(
    "events",
    inbox(fromIterable(Event, producer, { bounded: true }), { path: "./inbox.sqlite", id: "id" }),
    { eventTime: "at", maxOutOfOrderness: "0s" },
  );
  events.to("all", filesSink({ path: "./all", format: jsonLines() }), { commitEvery });
  const perMinute = events
    .map({ at: t.timestamp(), kind: t.string() }, ({ at, id }) => ({
      at,
      kind: id % 2 === 0 ? "even" : "odd",
    }))
    .keyBy("kind")
    .window(tumbling("1m"))
    .aggregate("per-minute", (a) => ({ events: a.count() }));
  perMinute.to("counts", filesSink({ path: "./counts", format: jsonLines() }), { commitEvery });
});
