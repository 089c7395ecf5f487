/** Crashes on purpose: a process dies at the n-th point where something could be lost. */

/** Thrown where the process under test is made to die. */
export class Crash extends Error {
  constructor(point: number) {
    super(`crash at point ${point}`);
    this.name = "Crash";
  }
}

/** Counts the points of a run and lets it die at one of them. A dead process does nothing more until `restart`. */
export class Crashes {
  #left = Number.POSITIVE_INFINITY;
  #passed = 0;

  /** Points so far. */
  get passed(): number {
    return this.#passed;
  }

  /** The run dies at the `points`-th point from now on, counted from 1. */
  arm(points: number): void {
    this.#left = points;
  }

  /** A new process begins, which does not die unless `arm` is called again. */
  restart(): void {
    this.#left = Number.POSITIVE_INFINITY;
  }

  /** A place where the process may die. @throws Crash */
  point(): void {
    this.#passed++;
    if (--this.#left <= 0) throw new Crash(this.#passed);
  }
}

/**
 * The same port (a store, a log), whose asynchronous calls are points before and after they take effect: a crash before
 * means it never happened, a crash after that nobody heard of it.
 */
export function crashing<T extends object>(port: T, crashes: Crashes): T {
  return new Proxy(port, {
    get: (target, name) => {
      const member: unknown = Reflect.get(target, name);
      if (typeof member !== "function") return member;
      return async (...given: unknown[]): Promise<unknown> => {
        crashes.point();
        const result: unknown = await Reflect.apply(member, target, given);
        crashes.point();
        return result;
      };
    },
  });
}
