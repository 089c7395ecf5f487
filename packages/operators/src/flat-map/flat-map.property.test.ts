import fc from "fast-check";
import { test } from "vitest";
import { t } from "@df/core";
import { checkOperator, logArbitrary, type PlainRow } from "@df/testing";
import { flatMap } from "./flat-map.ts";

const Row = t.row({ words: t.string(), at: t.timestamp() });
const Word = t.row({ word: t.string(), length: t.int32() });
const row = fc.record({
  words: fc.array(fc.constantFrom("a", "bcd", "bad", "é"), { maxLength: 4 }).map((words) => words.join(" ")),
  at: fc.integer({ min: 0, max: 50 }),
});

const words = (plain: PlainRow): string[] =>
  (plain["words"] as string).split(" ").filter((word) => word !== "");
/** The word "bad" is refused, and with it the words before it. */
const made = (word: string): PlainRow => ({ word, length: word === "bad" ? 0.5 : word.length });

test("flatMap makes the rows that the function makes of each row, all or none of them", () => {
  checkOperator({
    operator: flatMap({
      columns: ["words"],
      output: Word.schema,
      *make(plain) {
        for (const word of words(plain)) yield made(word);
      },
    }),
    inputs: [{ schema: Row.schema, time: "at", boundMicros: 10_000 }],
    logs: logArbitrary(row).map((log) => [log]),
    anyOrder: true,
    oracle: ({ inputs: [entries = []] }) => {
      const good = entries.filter((entry) => !words(entry.row).includes("bad"));
      const empty = good.filter((entry) => words(entry.row).length === 0);
      return {
        ports: [
          good.flatMap(({ row: plain, time }) => words(plain).map((word) => ({ row: made(word), time }))),
        ],
        counts: {
          passed: good.length - empty.length,
          filtered: empty.length,
          quarantined: entries.length - good.length,
        },
      };
    },
  });
});
