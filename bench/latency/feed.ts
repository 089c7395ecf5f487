/** Events at an even rate, each with the moment at which it was made: from this thread, or from another into a file. */
import { closeSync, openSync, writeSync } from "node:fs";
import { setTimeout } from "node:timers/promises";
import { isMainThread, workerData } from "node:worker_threads";

/** What is made: so many events a second, for so long. */
export interface Feed {
  readonly perSecond: number;
  readonly seconds: number;
}

/** An event: `at` is µs since 1970. */
export interface Made {
  readonly at: number;
  readonly key: number;
}

const KEYS = 1000;

/** µs since 1970, with parts of a millisecond: the same in all threads. */
export function nowMicros(): number {
  return Math.round((performance.timeOrigin + performance.now()) * 1000);
}

/** The events, each when its time has come. */
export async function* eventsOf({ perSecond, seconds }: Feed): AsyncGenerator<Made> {
  const start = performance.now();
  const count = perSecond * seconds;
  for (let made = 0; made < count;) {
    const due = Math.min(count, Math.floor(((performance.now() - start) * perSecond) / 1000));
    while (made < due) yield { at: nowMicros(), key: made++ % KEYS };
    await setTimeout(1);
  }
}

if (!isMainThread) {
  const { feed, path } = workerData as { readonly feed: Feed; readonly path: string };
  const file = openSync(path, "a");
  let lines = "";
  let turn = 0;
  for await (const event of eventsOf(feed)) {
    lines += `${JSON.stringify(event)}\n`;
    // What has come in one turn is written at once, as a logger does.
    if (turn === 0) {
      turn = 1;
      setImmediate(() => {
        writeSync(file, lines);
        lines = "";
        turn = 0;
      });
    }
  }
  await setTimeout(1);
  closeSync(file);
}
