/** The wall clock, as a port: tests and simulators bring their own. */
export interface WallClock {
  /** Milliseconds, for measuring spans. */
  now(): number;
  /** Resolves after the time, or earlier when the signal fires. */
  sleep(ms: number, signal: AbortSignal): Promise<void>;
  /** Lets everything that is ready in the event loop run. */
  yield(): Promise<void>;
}

/** The clock of this machine. */
export const SYSTEM_CLOCK: WallClock = {
  now: () => performance.now(),
  sleep: (ms, signal) =>
    new Promise((resolve) => {
      if (signal.aborted) return resolve();
      const timer = setTimeout(finish, ms);
      function finish(): void {
        clearTimeout(timer);
        signal.removeEventListener("abort", finish);
        resolve();
      }
      signal.addEventListener("abort", finish);
    }),
  yield: () => new Promise((resolve) => setImmediate(resolve)),
};
