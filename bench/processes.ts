/** Each side in a process of its own: what one has compiled, or left as garbage, costs the other nothing. */
import { fork } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import type { Benchmark, Side } from "./benchmark.ts";
import { alternate, type Measured, type Rounds, type Turn } from "./rounds.ts";

const TURN = fileURLToPath(new URL("turn.ts", import.meta.url));

/** A side that waits for its turns. */
interface Waiting {
  readonly turn: () => Promise<Turn>;
  readonly end: () => Promise<void>;
}

/** Measures a benchmark. @throws when one of its processes ends; what it had to say is on standard error */
export async function measureApart(benchmark: Benchmark, rounds: Rounds): Promise<Measured> {
  return benchmark.cold ? measureCold(benchmark, rounds) : measureWarm(benchmark, rounds);
}

async function measureWarm({ name }: Benchmark, rounds: Rounds): Promise<Measured> {
  const [reference, subject] = await Promise.all([start(name, "reference"), start(name, "subject")]);
  try {
    return await alternate(rounds, (side) => (side === "subject" ? subject : reference).turn());
  } finally {
    await Promise.all([reference.end(), subject.end()]);
  }
}

async function measureCold({ name, open }: Benchmark, rounds: Rounds): Promise<Measured> {
  // Here the input is made once, and not by the first turn.
  const { close } = await open();
  close?.();
  return alternate(rounds, async (side) => {
    const waiting = await start(name, side);
    try {
      return await waiting.turn();
    } finally {
      await waiting.end();
    }
  });
}

/** Starts a side and waits until its input is made. */
async function start(name: string, side: Side): Promise<Waiting> {
  const child = fork(TURN, [name, side]);
  const exit = once(child, "exit");
  const message = async (): Promise<unknown> => {
    const ended = exit.then(() => {
      throw new Error(`${name}: the process of the ${side} ended before its turn did.`);
    });
    const [value] = (await Promise.race([once(child, "message"), ended])) as [unknown];
    return value;
  };
  await message();
  return {
    turn: async () => {
      child.send("turn");
      return (await message()) as Turn;
    },
    end: async () => {
      if (child.connected) child.disconnect();
      await exit;
    },
  };
}
