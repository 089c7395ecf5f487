/** The queries of the Nexmark benchmark, as a user of the engine writes them. */
import { session, sliding, t, tumbling, type AnyStream, type Events } from "dataflow";
import type { Event } from "./event.ts";

/** Makes the result of a query of all events. */
export type Query = (events: Events<Event>) => AnyStream<unknown>;

/** Each bid with its price in euros. */
const q1: Query = (events) =>
  events
    .filter((event) => event.type === "bid")
    .notNull("auction", "bidder", "price")
    .map(
      { auction: t.int(), bidder: t.int(), price: t.int(), dateTime: t.timestamp({ json: "ms" }) },
      ({ auction, bidder, price, dateTime }) => ({
        auction,
        bidder,
        price: Math.floor((price * 908) / 1000),
        dateTime,
      }),
    );

/** Each bid as it came, with all its columns: what a lake keeps to make everything else of again. */
const bronze: Query = (events) =>
  events
    .filter((event) => event.type === "bid")
    .notNull("auction", "bidder", "price", "channel", "url", "extra")
    .select((col) => ({
      type: col("type"),
      eid: col("eid"),
      auction: col("auction"),
      bidder: col("bidder"),
      price: col("price"),
      channel: col("channel"),
      url: col("url"),
      dateTime: col("dateTime"),
      extra: col("extra"),
    }));

/** The bids per auction in the last ten seconds, every two seconds. */
const q5: Query = (events) =>
  events
    .filter((event) => event.type === "bid")
    .notNull("auction")
    .keyBy("auction")
    .window(sliding("10s", "2s"))
    .aggregate("per-window", (a) => ({ bids: a.count() }))
    .select((col) => ({ auction: col("auction"), start: col("windowStart"), bids: col("bids") }));

/** The highest bid and the number of bids per auction and ten seconds. */
const q7: Query = (events) =>
  events
    .filter((event) => event.type === "bid")
    .notNull("auction", "price")
    .keyBy("auction")
    .window(tumbling("10s"))
    .aggregate("per-window", (a) => ({ highest: a.max("price"), bids: a.count() }))
    .select((col) => ({
      auction: col("auction"),
      start: col("windowStart"),
      highest: col("highest"),
      bids: col("bids"),
    }));

/** Persons who opened an auction in the ten seconds in which they came. */
const q8: Query = (events) => {
  const persons = events.filter((event) => event.type === "person").notNull("id", "name");
  const auctions = events.filter((event) => event.type === "auction").notNull("id", "seller");
  return persons.joinWindow("pairs", auctions, {
    on: { id: "seller" },
    window: tumbling("10s"),
    select: (person, auction, window) => ({
      person: person("id"),
      name: person("name"),
      auction: auction("id"),
      start: window("windowStart"),
    }),
  });
};

/** The bids of each bidder from session to session: ten seconds without one end it. */
const q11: Query = (events) =>
  events
    .filter((event) => event.type === "bid")
    .notNull("bidder")
    .keyBy("bidder")
    .window(session("10s"))
    .aggregate("per-session", (a) => ({ bids: a.count() }))
    .select((col) => ({
      bidder: col("bidder"),
      first: col("windowStart"),
      last: col("windowEnd").minus("10s"),
      bids: col("bids"),
    }));

/** Statistics of each auction and day, kept up to date. */
const q17: Query = (events) =>
  events
    .filter((event) => event.type === "bid")
    .notNull("auction", "price")
    .select((col) => ({
      auction: col("auction"),
      price: col("price"),
      day: col("dateTime").truncate("day"),
    }))
    .groupBy("auction", "day")
    .aggregate("per-day", (a) => ({
      bids: a.count(),
      cheap: a.where((bid) => bid.price < 10_000).count(),
      middling: a.where((bid) => bid.price >= 10_000 && bid.price < 1_000_000).count(),
      dear: a.where((bid) => bid.price >= 1_000_000).count(),
      lowest: a.min("price"),
      highest: a.max("price"),
      total: a.sum("price"),
    }));

/** The last bid of each bidder for each auction, kept up to date. */
const q18: Query = (events) =>
  events
    .filter((event) => event.type === "bid")
    .notNull("auction", "bidder", "price")
    .select((col) => ({
      bidder: col("bidder"),
      auction: col("auction"),
      dateTime: col("dateTime"),
      eid: col("eid"),
      price: col("price"),
    }))
    .groupBy("bidder", "auction")
    .latest("last", { by: ["dateTime", "eid"] });

export const QUERIES: Readonly<Record<string, Query>> = {
  q1,
  q5,
  q7,
  q8,
  q11,
  q17,
  q18,
  bronze,
};
