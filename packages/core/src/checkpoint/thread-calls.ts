/** Calls of an object that lives on another thread: one after the other, errors with their codes. */
import { parentPort, type Worker } from "node:worker_threads";
import type { DataflowError } from "../error.ts";
import { heardError, lostThread, toldError, type ToldError } from "../thread-errors.ts";

interface Call {
  readonly id: number;
  readonly method: string;
  readonly given: readonly unknown[];
}

interface Answer {
  readonly id: number;
  readonly value?: unknown;
  readonly error?: ToldError | undefined;
}

interface Waiting {
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
}

/** Calls a method on the other thread. What is carried is given away. */
export type Caller = (
  method: string,
  given: readonly unknown[],
  carried?: readonly ArrayBuffer[],
) => Promise<unknown>;

/**
 * The calls that a worker answers with `answerCalls`; `closed` is what they throw after its end. A thread that cannot
 * be started or goes on no more (of memory, of open files) makes them throw DF_THREAD, transient.
 */
export function callerOf(worker: Worker, closed: DataflowError): Caller {
  const waiting = new Map<number, Waiting>();
  let failed: Error | undefined;
  let last = 0;
  const fail = (error: Error): void => {
    failed = error;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  };
  worker.on("message", ({ id, value, error }: Answer) => {
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error === undefined) asked?.resolve(value);
    else asked?.reject(heardError(error));
  });
  worker.on("error", (cause: Error) => fail(lostThread(cause)));
  worker.on("exit", () => fail(closed));
  return (method, given, carried = []) =>
    new Promise((resolve, reject) => {
      if (failed !== undefined) return reject(failed);
      const id = ++last;
      waiting.set(id, { resolve, reject });
      worker.postMessage({ id, method, given } satisfies Call, carried);
    });
}

/**
 * Answers the calls of this thread's parent with the methods of an object, and ends the thread after "close". The object
 * is opened by the first call, so that a refusal reaches whoever asked. `carried` says what of an answer is given away,
 * `inWords` what is told of what was thrown.
 */
export function answerCalls<Target extends object>(
  open: () => Target,
  carried: (method: string, given: readonly unknown[], value: unknown) => readonly ArrayBuffer[],
  inWords: (thrown: unknown) => unknown = (thrown) => thrown,
): void {
  let target: Target | undefined;
  parentPort?.on("message", ({ id, method, given }: Call) => {
    const answer = (text: Omit<Answer, "id">, buffers: readonly ArrayBuffer[] = []): void =>
      parentPort?.postMessage({ id, ...text }, buffers);
    if (method === "close" && target === undefined) {
      // It could not be opened, or nobody asked: there is nothing to close but the thread.
      answer({});
      process.exit(0);
    }
    try {
      target ??= open();
      const call = target[method as keyof Target] as (...all: readonly unknown[]) => unknown;
      const value = call.apply(target, [...given]);
      answer({ value }, carried(method, given, value));
      if (method === "close") process.exit(0);
    } catch (cause) {
      answer({ error: toldError(inWords(cause)) });
    }
  });
}
