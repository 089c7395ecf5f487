import fc from "fast-check";
import { expect, test } from "vitest";
import { type Counts, isQuiet } from "./quiet.ts";

const THREADS = 3;

/** Threads that send each other messages, of which each makes whoever takes it send some more. */
class World {
  readonly sent = matrix();
  readonly received = matrix();
  /** By sender and receiver: how many messages each of those on their way will make its receiver send. */
  readonly #underway: number[][][] = Array.from({ length: THREADS }, () =>
    Array.from({ length: THREADS }, () => []),
  );
  readonly #work: number[] = Array.from({ length: THREADS }, () => 0);

  get isOver(): boolean {
    return this.#underway.flat(2).length === 0 && this.#work.every((work) => work === 0);
  }

  send(from: number, to: number, makes: number): void {
    add(this.sent, from, to);
    this.#underway[from]?.[to]?.push(makes);
  }

  take(from: number, to: number): void {
    const makes = this.#underway[from]?.[to]?.shift();
    if (makes === undefined) return;
    add(this.received, to, from);
    this.#work[to] = (this.#work[to] as number) + makes;
  }

  /** One piece of work makes one message, with which there is less to do. */
  work(at: number, to: number): void {
    const left = (this.#work[at] as number) - 1;
    if (left < 0) return;
    this.#work[at] = left;
    this.send(at, to, Math.max(0, left - 1));
  }

  says(thread: number): Counts {
    return {
      sent: [...(this.sent[thread] as number[])],
      received: [...(this.received[thread] as number[])],
      idle: this.#work[thread] === 0,
    };
  }
}

function add(counts: number[][], one: number, other: number): void {
  const row = counts[one] as number[];
  row[other] = (row[other] as number) + 1;
}

function matrix(): number[][] {
  return Array.from({ length: THREADS }, () => Array.from({ length: THREADS }, () => 0));
}

const thread = fc.nat({ max: THREADS - 1 });
const step = fc.record({ kind: fc.constantFrom("take", "work", "says"), one: thread, other: thread });

test("threads are quiet only when nothing is on its way, whenever each of them has spoken, and then they are", () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 80 }), fc.nat({ max: 2 }), (steps, makes) => {
      const world = new World();
      const said: (Counts | undefined)[] = Array.from({ length: THREADS }, () => undefined);
      world.send(0, 1, makes);
      for (const { kind, one, other } of steps) {
        if (kind === "take") world.take(one, other);
        else if (kind === "work") world.work(one, other);
        else said[one] = world.says(one);
        expect(isQuiet(said) && !world.isOver).toBe(false);
      }
      while (!world.isOver) {
        for (let one = 0; one < THREADS; one++) {
          world.work(one, (one + 1) % THREADS);
          for (let other = 0; other < THREADS; other++) world.take(one, other);
        }
      }
      expect(isQuiet(said.map((_, one) => world.says(one)))).toBe(true);
    }),
    { numRuns: 3000 },
  );
});

test("a thread that was not heard of is not quiet", () => {
  const one = { sent: [0, 0], received: [0, 0], idle: true };
  expect(isQuiet([one, undefined])).toBe(false);
  expect(isQuiet([one, one])).toBe(true);
});
