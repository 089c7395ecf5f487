import { deepStrictEqual } from "node:assert/strict";
import { mkdtempSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { t } from "@df/core";
import { decodeFrames } from "@df/core/batch/frame";
import { batchOf, rowsOf } from "@df/core/batch/rows";
import fc from "fast-check";
import { expect, test } from "vitest";
import { InboxFile } from "./inbox-file.ts";
import { recordsOf } from "./inbox-log.ts";

const Row = t.row({ id: t.int32(), text: t.string() });
const IDENTITY = { columns: "id int32, text string", idColumn: 0, id: "id int32", idsMax: 12 };

/** What may happen to an inbox, in any order. */
type Step =
  | { readonly kind: "append"; readonly records: readonly (readonly number[])[] }
  | { readonly kind: "read"; readonly rowsMax: number }
  | { readonly kind: "checkpoint" | "crash" | "forget" };

const ids = fc.array(fc.nat(30), { minLength: 1, maxLength: 9 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("append" as const), records: fc.array(ids, { maxLength: 3 }) }),
  },
  {
    weight: 3,
    arbitrary: fc.record({ kind: fc.constant("read" as const), rowsMax: fc.integer({ min: 1, max: 9 }) }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("checkpoint", "crash", "forget") }) },
);

/** An inbox, a reader that restarts from its checkpoints, and the answer without an inbox. */
class World {
  readonly expected: number[] = [];
  read: number[] = [];
  readonly #path = join(mkdtempSync(join(tmpdir(), "inbox-")), "inbox.sqlite");
  #file = new InboxFile(this.#path, IDENTITY);
  #at = 0;
  #stored: { readonly at: number; readonly read: readonly number[] } = { at: 0, read: [] };

  do(next: Step): void {
    if (next.kind === "append") this.#append(next.records);
    else if (next.kind === "read") this.readNext(next.rowsMax);
    else this[next.kind]();
  }

  #append(records: readonly (readonly number[])[]): void {
    // The oldest ids are forgotten between appends, not within one.
    const known = new Set(this.expected.slice(-IDENTITY.idsMax));
    for (const id of records.flat()) if (!known.has(id) && known.add(id)) this.expected.push(id);
    const rows = records.map((each) => each.map((id) => ({ id, text: `row ${id}` })));
    const { next } = this.#file.append(rows.flatMap((each) => recordsOf(batchOf(Row.schema, each))));
    deepStrictEqual(next, this.expected.length);
  }

  /** Reads on, to the end of a record at most; says whether there was one. */
  readNext(rowsMax: number): boolean {
    const record = this.#file.read(this.#at);
    if (record === undefined) return false;
    const found = decodeFrames(record.bytes).flatMap(rowsOf);
    deepStrictEqual(found.length, record.next - record.first);
    const rows = found.slice(this.#at - record.first).slice(0, rowsMax);
    this.read.push(...rows.map((row) => row["id"] as number));
    this.#at += rows.length;
    return rows.length > 0;
  }

  checkpoint(): void {
    this.#stored = { at: this.#at, read: [...this.read] };
  }

  forget(): void {
    this.#file.forget(this.#stored.at);
  }

  crash(): void {
    this.#file.close();
    this.#file = new InboxFile(this.#path, IDENTITY);
    this.#at = this.#stored.at;
    this.read = [...this.#stored.read];
  }

  close(): void {
    this.#file.close();
  }
}

test("whatever is appended, read, delivered and restarted: each row is read once, in order, none is lost", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const world = new World();
      try {
        for (const next of steps) world.do(next);
        while (world.readNext(100));
        expect(world.read).toEqual(world.expected);
      } finally {
        world.close();
      }
    }),
    { numRuns: 40 },
  );
});
