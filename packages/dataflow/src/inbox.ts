/** A durable inbox before a source that is read once: `inbox(fromObservable(Row, rows$), { path: "./inbox" })`. */
export { inbox } from "@df/connectors/inbox/inbox";
export type { InboxOptions, InboxSource } from "@df/connectors/inbox/inbox";
