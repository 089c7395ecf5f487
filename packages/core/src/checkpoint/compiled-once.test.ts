import Database from "better-sqlite3";
import { expect, test, vi } from "vitest";
import { byteStrings } from "../batch/byte-strings.ts";
import type { SqlDatabase, SqlStatement } from "./sql.ts";
import { SqliteState } from "./sqlite-state.ts";

/** A statement, and how often it was compiled: each time the library makes a function for its rows. */
interface Counted {
  readonly sql: string;
  times: number;
}

function counting(): { readonly db: SqlDatabase; readonly statements: readonly Counted[] } {
  const statements: Counted[] = [];
  const db = new Database(":memory:");
  const make = globalThis.Function;
  const watched = (counted: Counted, ask: (...given: unknown[]) => unknown) => {
    return (...given: unknown[]): unknown => {
      vi.stubGlobal("Function", (...text: string[]) => {
        counted.times++;
        return make(...text);
      });
      try {
        return ask(...given);
      } finally {
        vi.unstubAllGlobals();
      }
    };
  };
  const prepare = (sql: string): SqlStatement => {
    const statement = db.prepare(sql);
    const counted = { sql, times: 0 };
    statements.push(counted);
    return {
      run: (...given) => statement.run(...given),
      get: watched(counted, (...given) => statement.get(...given)),
      all: watched(counted, (...given) => statement.all(...given)) as SqlStatement["all"],
    };
  };
  return { db: Object.assign(Object.create(db) as SqlDatabase, { prepare }), statements };
}

const bytes = (...values: number[]): Uint8Array => Uint8Array.from(values);
const marker = { epoch: 1, hash: "h", contentHash: "c", version: "1", state: {} };

test("a statement of a state is compiled once, whatever it is given", () => {
  const { db, statements } = counting();
  const files = new Map<string, Uint8Array>();
  const state = new SqliteState("memory", "p", {
    open: () => db,
    keep: () => expect.unreachable(),
    spool: {
      append: (name, parts) => void files.set(name, Buffer.concat(parts)),
      seal: () => {},
      read: (name, place, length) => (files.get(name) ?? bytes()).slice(place, place + length),
      remove: () => {},
      keepOnly: () => {},
      close: () => {},
    },
    spooledBytesMin: 1,
  });
  const held = [0, 1, 2, 3].map((seq) => ({ sink: "s", shard: 0, seq, rows: 1, bytes: bytes(seq) }));
  state.commit({
    record: { epoch: 1, splits: [], clocks: {}, ledger: [], drained: false },
    fingerprint: "plan",
    chunks: ["a", "b"].map((node) => ({ node, table: "t", keyGroup: 0, full: true, bytes: bytes(1) })),
    marks: [],
    held,
    ahead: [],
    sinks: [],
  });
  state.indexAdd("s", { keys: byteStrings([bytes(1), bytes(2)]), values: byteStrings([bytes(3), bytes(4)]) });
  for (const epoch of [1, 2, 3]) {
    for (let after = 0; after < held.length; after++) {
      expect(state.heldFrames("s", epoch, after, 1)[0]?.bytes[0]).toBe(after);
    }
    for (const node of ["a", "b"]) expect(state.chunkList(node)).toHaveLength(1);
    expect(state.indexGet("s", byteStrings([bytes(epoch)])).ends).toHaveLength(1);
  }
  state.recordDelivery({ sink: "s", delivered: marker, rows: 4 });
  for (const limit of [1, 2, 3]) expect(state.deliveries("s", limit)).toHaveLength(1);
  expect(statements.filter(({ times }) => times === 1).length).toBeGreaterThan(6);
  expect(statements.filter(({ times }) => times > 1)).toEqual([]);
});
