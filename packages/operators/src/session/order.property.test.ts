import { openOperator } from "@df/testing";
import fc from "fast-check";
import { expect, test } from "vitest";
import { CLICK, click, options } from "./clicks.testing.ts";
import { session } from "./session.ts";

/** A user each, so that each click is a session; few or many, in a short or a very long time, some at one time. */
const clicks = fc
  .record({
    users: fc.uniqueArray(fc.string({ unit: "grapheme", maxLength: 3 }), {
      minLength: 1,
      maxLength: 300,
      size: "max",
    }),
    spread: fc.constantFrom(1, 40, 5000, 100_000_000),
    seed: fc.array(fc.nat(), { minLength: 300, maxLength: 300 }),
  })
  .map(({ users, spread, seed }) => users.map((user, i) => click(user, (seed[i] ?? 0) % spread)));

test("sessions that are over at once come by their ends, then by their groups, whatever they came in", () => {
  fc.assert(
    fc.property(clicks, (rows) => {
      const harness = openOperator(session(options), [{ schema: CLICK, time: "at", made: true }]);
      harness.push(rows);
      harness.end();
      const sorted = rows.toSorted(
        (a, b) =>
          Number(a["at"]) - Number(b["at"]) ||
          Buffer.compare(Buffer.from(String(a["user"])), Buffer.from(String(b["user"]))),
      );
      const shown = harness.take().map((row) => [row["windowStart"], row["user"]]);
      expect(shown).toEqual(sorted.map((row) => [row["at"], row["user"]]));
    }),
    { numRuns: 60 },
  );
});
