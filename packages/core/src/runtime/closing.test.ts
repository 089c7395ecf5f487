import { expect, test } from "vitest";
import { type Closable, closeAll, closing } from "./closing.ts";

const failing = (words: string): Closable => ({
  close: async () => {
    throw new Error(words);
  },
});

function counted(): Closable & { closed: number } {
  const each = { closed: 0, close: async () => void each.closed++ };
  return each;
}

test("one that cannot be closed keeps no other one open, and the first failure is told", async () => {
  const [first, last] = [counted(), counted()];
  const throwing: Closable = {
    close: () => {
      throw new Error("at once");
    },
  };
  await expect(closeAll([first, throwing, failing("later"), last])).rejects.toThrow("at once");
  expect([first.closed, last.closed]).toEqual([1, 1]);
});

test("why the work failed is not hidden by what cannot be closed then", async () => {
  const last = counted();
  const work = async (): Promise<never> => {
    throw new Error("the work");
  };
  await expect(closing(work, () => [failing("closing"), last])).rejects.toThrow("the work");
  expect(last.closed).toBe(1);
});

test("work that succeeded is told as failed where closing fails", async () => {
  expect(
    await closing(
      async () => 7,
      () => [counted()],
    ),
  ).toBe(7);
  await expect(
    closing(
      async () => 7,
      () => [failing("closing")],
    ),
  ).rejects.toThrow("closing");
});
