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
const IDENTITY = { columns: "id int32, text string", idColumn: 0, idsMax: 12 };

/** What may happen to an inbox, in any order. */
type Step =
  | { readonly kind: "append"; readonly records: readonly (readonly number[])[] }
  | { readonly kind: "read" }
  | { readonly kind: "checkpoint" }
  | { readonly kind: "crash" }
  | { readonly kind: "forget" };

const ids = fc.array(fc.nat(30), { minLength: 1, maxLength: 9 });
const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant("append" as const), records: fc.array(ids, { maxLength: 3 }) }),
  },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant("read" as const) }) },
  { weight: 2, arbitrary: fc.record({ kind: fc.constantFrom("checkpoint", "crash", "forget") }) },
);

test("whatever is appended, read, delivered and restarted: each row is read once, in order, none is lost", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 40 }), (steps) => {
      const path = join(mkdtempSync(join(tmpdir(), "inbox-")), "inbox.sqlite");
      let file = new InboxFile(path, IDENTITY);
      const expected: number[] = [];
      let read: number[] = [];
      let stored = { at: 0, read: [] as number[] };
      let at = 0;
      for (const { kind, ...given } of [
        ...steps,
        ...Array.from({ length: 99 }, () => ({ kind: "read" as const })),
      ]) {
        if (kind === "append" && "records" in given) {
          // The oldest ids are forgotten between appends, not within one.
          const known = new Set(expected.slice(-IDENTITY.idsMax));
          const records = given.records.flatMap((each) => {
            for (const id of each) if (!known.has(id) && known.add(id)) expected.push(id);
            const rows = each.map((id) => ({ id, text: `row ${id}` }));
            return recordsOf(batchOf(Row.schema, rows));
          });
          expect(file.append(records).next).toBe(expected.length);
        } else if (kind === "read") {
          const record = file.read(at);
          if (record === undefined) continue;
          const found = decodeFrames(record.bytes).flatMap(rowsOf);
          expect(record.next - record.first).toBe(found.length);
          read.push(...found.slice(at - record.first).map((row) => row["id"] as number));
          at = record.next;
        } else if (kind === "checkpoint") stored = { at, read: [...read] };
        else if (kind === "forget") expect(file.forget(stored.at).first).toBeLessThanOrEqual(stored.at);
        else {
          file.close();
          file = new InboxFile(path, IDENTITY);
          ({ at } = stored);
          read = [...stored.read];
        }
      }
      expect(read).toEqual(expected);
      expect(file.forget(at)).toMatchObject({ first: expected.length, bytes: 0 });
      file.close();
    }),
    { numRuns: 40 },
  );
});
