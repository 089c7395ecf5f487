import { expect, test } from "vitest";
import { BATCH_ROWS_MAX } from "./batch.ts";
import { forRows } from "./grown.ts";

test("an array for the rows of batches keeps what it has, is long enough, and never longer than a batch can be", () => {
  let array = new Int32Array(0);
  for (const rows of [0, 1, 70, 200, 3000, BATCH_ROWS_MAX]) {
    const before = array;
    array = forRows(array, rows);
    expect(array.length).toBeGreaterThanOrEqual(rows);
    expect(array.subarray(0, before.length)).toEqual(before);
    expect(forRows(array, rows)).toBe(array);
    if (rows > 0) array[rows - 1] = rows;
  }
  expect(array).toHaveLength(BATCH_ROWS_MAX);
});
