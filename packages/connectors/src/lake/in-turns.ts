import { setImmediate } from "node:timers/promises";

/**
 * Each of many, with a turn of the event loop before it: what takes a millisecond or two for one takes seconds for all,
 * and others need this thread meanwhile.
 */
export async function* inTurns<One>(all: Iterable<One> | AsyncIterable<One>): AsyncGenerator<One, void> {
  for await (const one of all) {
    await setImmediate();
    yield one;
  }
}
