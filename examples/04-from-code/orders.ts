/** The tills of two shops as an async iterable: an order at a time, some sent twice, one that is none. */
import { setTimeout as sleep } from "node:timers/promises";
import { z } from "zod";

export const Order = z.object({
  id: z.string().min(1),
  shop: z.enum(["north", "south"]),
  cents: z.int().positive(),
});

export type Order = z.infer<typeof Order>;

/** How the tills send: so many orders, one every `everyMs` milliseconds. */
export interface Timing {
  readonly count: number;
  readonly everyMs: number;
}

/** The n-th order. That with the number 7 was typed wrong. */
export function order(n: number): Order {
  return { id: `o${n}`, shop: n % 3 === 0 ? "south" : "north", cents: n === 7 ? 0 : 100 + (n % 10) * 25 };
}

/** What the tills send: every fifth order twice, since its receipt was lost. */
export async function* orders({ count, everyMs }: Timing): AsyncGenerator<Order> {
  for (let n = 0; n < count; n++) {
    await sleep(everyMs);
    yield order(n);
    if (n % 5 === 0) yield order(n);
  }
}
