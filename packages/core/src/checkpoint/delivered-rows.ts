import type { Delivered } from "../connector.ts";
import type { Json } from "../json.ts";
import type { SqlDatabase, SqlStatement } from "./sql.ts";

/** Deliveries kept per sink, to recognise a state that was copied or restored. */
const DELIVERIES_KEPT = 100;

/** A row of the table `delivered`. */
interface DeliveredRow {
  readonly epoch: number;
  readonly hash: string;
  readonly content_hash: string;
  readonly version: string;
  readonly state: string;
}

/** What targets show of each sink: the last deliveries, in the table `delivered`. */
export class DeliveredRows {
  readonly #insert: SqlStatement;
  readonly #prune: SqlStatement<[string, string, number]>;
  readonly #last: SqlStatement<[string, number], DeliveredRow>;
  readonly #forget: SqlStatement<[string]>;

  constructor(db: SqlDatabase) {
    this.#insert = db.prepare("INSERT OR REPLACE INTO delivered VALUES (?, ?, ?, ?, ?, ?, ?)");
    this.#prune = db.prepare(
      `DELETE FROM delivered WHERE sink = ? AND epoch <= (
         SELECT epoch FROM delivered WHERE sink = +? ORDER BY epoch DESC LIMIT 1 OFFSET +?)`,
    );
    this.#last = db.prepare(
      "SELECT epoch, hash, content_hash, version, state FROM delivered WHERE sink = +? ORDER BY epoch DESC LIMIT +?",
    );
    this.#forget = db.prepare("DELETE FROM delivered WHERE sink = ?");
  }

  /** `rows`: how many it showed. */
  add(sink: string, { epoch, hash, contentHash, version, state }: Delivered, rows: number): void {
    this.#insert.run(sink, epoch, hash, contentHash, version, JSON.stringify(state), rows);
    this.#prune.run(sink, sink, DELIVERIES_KEPT);
  }

  /** The newest first: as many as are kept, or `limit`. */
  last(sink: string, limit: number = DELIVERIES_KEPT): Delivered[] {
    return this.#last.all(sink, limit).map(({ content_hash: contentHash, state, ...row }) => ({
      ...row,
      contentHash,
      state: JSON.parse(state) as Json,
    }));
  }

  forget(sink: string): void {
    this.#forget.run(sink);
  }
}
