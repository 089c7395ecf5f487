/** Input for the pipeline with every step, in two parts that end at one time in both logs. */
import { appendFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";

/** Orders in one part. */
const PART = 60;
const START_MS = Date.parse("2026-05-01T08:00:00Z");
const atOf = (minute: number): string => new Date(START_MS + minute * 60_000).toISOString();

/** Appends the orders and payments of a part, 0 or 1; the first one begins the files. */
export function writePart(folder: string, part: 0 | 1): void {
  const numbers = Array.from({ length: PART }, (_, index) => part * PART + index);
  const orders = numbers.flatMap((number) => {
    // Every eleventh comes late: some of them for good, some for a correction.
    const late = number % 11 === 10 && number % PART !== PART - 1 ? (number % 2 === 0 ? 45 : 200) : 0;
    const line = orderLine(number, number * 3 - late);
    return [...(number % 7 === 3 ? [line, line] : [line]), ...(number % 20 === 5 ? ["{broken"] : [])];
  });
  const payments = numbers.map((number) => {
    const paysFor = number % 4 === 0 ? `x-${number}` : `o-${number}`;
    return `${paysFor},${number % 5 === 0 ? "" : "card"},${atOf(number * 3)}`;
  });
  if (part === 0) writeFileSync(join(folder, "payments.csv"), "order,method,at\n");
  appendFileSync(join(folder, "orders.jsonl"), lines(orders));
  appendFileSync(join(folder, "payments.csv"), lines(payments));
}

function orderLine(number: number, minute: number): string {
  return JSON.stringify({
    id: `o-${number}`,
    user: `u-${number % 5}`,
    cents: (number * 37) % 101,
    share: (number % 3) / 4,
    at: atOf(minute),
  });
}

function lines(each: readonly string[]): string {
  return each.map((line) => `${line}\n`).join("");
}
