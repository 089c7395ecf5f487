/**
 * What an insert, an update and a checkpoint of a state table cost. Run by hand: `node bench/state/table.ts`.
 * Row of 64 bytes: an int64 key (or a text key of 24 bytes) and 7 words. Prints ns per row, the best of 5 passes.
 */
import type { Batch } from "../../packages/core/src/batch/batch.ts";
import { schemaOf, t } from "../../packages/core/src/schema/kit.ts";
import { MemoryStateStore } from "../../packages/core/src/state/store.ts";
import type { Keys } from "../../packages/core/src/state/state-store.ts";

const BATCH_ROWS = 4096;
const UPDATES = 1_000_000;
const ENCODER = new TextEncoder();

type Kind = "int64" | "text";

function schemaFor(kind: Kind): Batch["schema"] {
  return schemaOf({ id: kind === "int64" ? t.int() : t.string() });
}

/** Batches of the keys that `keyAt` gives. */
function batches(kind: Kind, rows: number, keyAt: (row: number) => number): Keys[] {
  const made: Keys[] = [];
  for (let from = 0; from < rows; from += BATCH_ROWS) {
    const count = Math.min(BATCH_ROWS, rows - from);
    const values = Float64Array.from({ length: count }, (_, i) => keyAt(from + i));
    const starts = Int32Array.from(values, (_, i) => i * 24);
    const bytes = new Uint8Array(kind === "text" ? count * 24 : 0);
    if (kind === "text") {
      for (const [i, value] of values.entries())
        ENCODER.encodeInto(`key-${value}`.padEnd(24, "-"), bytes.subarray(i * 24));
    }
    const batch: Batch = {
      schema: schemaFor(kind),
      length: count,
      columns: [
        kind === "int64"
          ? { layout: "long", values }
          : { layout: "text", starts, ends: starts.map((start) => start + 24), bytes },
      ],
      change: "append",
      times: new Float64Array(count),
      clocks: -Infinity,
    };
    made.push({ batch, columns: [0], rows: Int32Array.from(values.keys()), count });
  }
  return made;
}

/** CPU time in ns: other work on the machine counts less than it would in wall time. */
function timed(work: () => void): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) * 1000;
}

function measure(kind: Kind, keys: number): Record<string, string> {
  const ids = new Int32Array(BATCH_ROWS);
  const fresh = new Int32Array(BATCH_ROWS);
  const offsets = new Int32Array(BATCH_ROWS);
  const inserts = batches(kind, keys, (row) => row);
  let random = 1;
  const updates = batches(kind, UPDATES, () => {
    random = (Math.imul(random, 1664525) + 1013904223) | 0;
    return Math.floor(((random >>> 0) / 2 ** 32) * keys);
  });
  const store = new MemoryStateStore({ seed: 1 });
  const table = store.table("bench", { key: schemaFor(kind), value: [{ name: "count", words: 7 }] });
  const insert = timed(() => {
    for (const batch of inserts) table.insert(batch, 0, ids, fresh);
  });
  store.gather(() => false);
  const passes = Array.from({ length: 5 }, () =>
    timed(() => {
      for (const batch of updates) {
        table.insert(batch, 0, ids, fresh);
        table.offsets(ids, batch.count, offsets);
        const { words } = table;
        for (let i = 0; i < batch.count; i++) {
          const at = (offsets[i] as number) + 1;
          words[at] = (words[at] as number) + 1;
        }
      }
    }),
  );
  let sizeBytes = 0;
  const gather = timed(() => {
    sizeBytes = store.gather(() => true).reduce((sum, { bytes }) => sum + bytes.length, 0);
  });
  const chunks = store.gather(() => true);
  const restore = timed(() => {
    const again = new MemoryStateStore({ seed: 2 });
    again.load(chunks, () => true);
    again.table("bench", { key: schemaFor(kind), value: [{ name: "count", words: 7 }] });
  });
  const scan = timed(() => table.scan(0, 0, ids));
  return {
    key: kind,
    keys: String(keys),
    "insert ns/row": (insert / keys).toFixed(0),
    "update ns/row": (Math.min(...passes) / UPDATES).toFixed(0),
    "gather ns/row": (gather / keys).toFixed(0),
    "gather MB": (sizeBytes / 1e6).toFixed(1),
    "restore ns/row": (restore / keys).toFixed(0),
    "sort ns/row": (scan / keys).toFixed(0),
  };
}

for (const kind of ["int64", "text"] as const) {
  for (const keys of [1_000, 100_000, 1_000_000]) {
    process.stdout.write(`${JSON.stringify(measure(kind, keys))}\n`);
  }
}
