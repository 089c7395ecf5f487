/** What the queries of the benchmark read: persons, auctions and bids in one stream, told apart by `type`. */
import { t, type Events, type Pipeline } from "dataflow";
import { files } from "dataflow/files";
import { json } from "dataflow/json";

const EVENT = t.row({
  type: t.string(),
  eid: t.int(),
  dateTime: t.timestamp({ json: "ms" }),
  id: t.int().optional(),
  name: t.string().optional(),
  seller: t.int().optional(),
  auction: t.int().optional(),
  bidder: t.int().optional(),
  price: t.int().optional(),
  channel: t.string().optional(),
  url: t.string().optional(),
  extra: t.string().optional(),
});
export type Event = t.infer<typeof EVENT>;

/** All events of a directory; its end is the end of the input. */
export function eventsOf(p: Pipeline, input: string): Events<Event> {
  return p.from("events", files({ path: `${input}/part-*.jsonl`, decode: json(EVENT), bounded: true }), {
    eventTime: "dateTime",
    maxOutOfOrderness: "2s",
  });
}
