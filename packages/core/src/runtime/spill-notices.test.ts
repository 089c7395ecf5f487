import { expect, test } from "vitest";
import { SpillNotices } from "./spill-notices.ts";

const USE = { limitBytes: 1000, residentBytes: 900, indexBytes: 50, spilledBytes: 5000 };

test("that state spills is said once, and that it makes the run slow when half of the rows have to be read again", () => {
  const told: string[] = [];
  const notices = new SpillNotices("orders", (notice) => told.push(notice));
  notices.look(0, { ...USE, reads: 3 }, 100);
  notices.look(9_000, { ...USE, reads: 5_000 }, 101);
  expect(told).toEqual([
    expect.stringContaining('pipeline "orders" has outgrown its stateBudget of 1000 bytes'),
  ]);
  notices.look(10_000, { ...USE, reads: 4_002 }, 10_100);
  expect(told).toHaveLength(1);
  notices.look(20_000, { ...USE, reads: 9_002 }, 20_100);
  notices.look(30_000, { ...USE, reads: 90_002 }, 20_200);
  expect(told.slice(1)).toEqual([
    expect.stringContaining("5000 reads for the last 10000 rows. A stateBudget above 1000"),
  ]);
});
