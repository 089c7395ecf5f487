import type { Status } from "@df/core/runtime/report";
import { progressLine } from "./render.ts";
import { LiveArea } from "./terminal/live-area.ts";
import { Rates } from "./terminal/rates.ts";
import { isLive, watchedTerminal, type WatchedTerminal } from "./terminal/terminal.ts";
import { viewOf } from "./terminal/view.ts";

const LIVE_EVERY_MS = 250;
const PLAIN_EVERY_MS = 10_000;

/** A run that goes on. */
interface Running {
  readonly status: () => Status;
  readonly startedMs: number;
  /** When each sink has last delivered. */
  readonly deliveredMs: Map<string, number>;
  readonly rates: Rates;
}

/** Shows on standard error how runs are doing. */
export interface Progress {
  /** A pipeline has recovered and runs. `stop` is called when it has ended, in whatever way. */
  start(status: () => Status): { shown(sink: string): void; stop(): void };
}

/** One view of all pipelines that rewrites itself on a terminal; elsewhere a line now and then for each. */
export function progress(): Progress {
  return isLive(process.stderr, process.env) ? new LiveProgress() : new PlainProgress();
}

class PlainProgress implements Progress {
  start(status: () => Status): { shown(sink: string): void; stop(): void } {
    const startedMs = Date.now();
    let shownMs: number | undefined;
    const timer = setInterval(() => {
      const nowMs = Date.now();
      process.stderr.write(`${progressLine(status(), { sinceMs: nowMs - startedMs, nowMs, shownMs })}\n`);
    }, PLAIN_EVERY_MS).unref();
    return {
      shown: () => {
        shownMs = Date.now();
      },
      stop: () => clearInterval(timer),
    };
  }
}

class LiveProgress implements Progress {
  readonly #runs = new Set<Running>();
  #area: LiveArea | undefined;
  #terminal: WatchedTerminal | undefined;
  #timer: NodeJS.Timeout | undefined;

  start(status: () => Status): { shown(sink: string): void; stop(): void } {
    const run = { status, startedMs: Date.now(), deliveredMs: new Map<string, number>(), rates: new Rates() };
    // What an earlier run has counted is nothing that comes in now.
    run.rates.add(status(), run.startedMs);
    this.#runs.add(run);
    if (this.#runs.size === 1) this.#begin();
    return {
      shown: (sink) => void run.deliveredMs.set(sink, Date.now()),
      stop: () => {
        if (this.#runs.delete(run) && this.#runs.size === 0) this.#end();
      },
    };
  }

  #begin(): void {
    const terminal = watchedTerminal(() => this.#area);
    this.#terminal = terminal;
    this.#area = new LiveArea(terminal.screen);
    this.#timer = setInterval(() => this.#draw(), LIVE_EVERY_MS).unref();
  }

  #end(): void {
    clearInterval(this.#timer);
    this.#area?.end();
    this.#terminal?.release();
  }

  #draw(): void {
    const nowMs = Date.now();
    const rows = (this.#terminal?.screen.rows ?? 0) - 1;
    const height = Math.floor(rows / this.#runs.size);
    const lines = [...this.#runs].flatMap(({ status, startedMs, deliveredMs, rates }) => {
      const now = status();
      const changes = rates.add(now, nowMs);
      return viewOf(now, { nowMs, sinceMs: nowMs - startedMs, deliveredMs, changes }, height);
    });
    this.#area?.draw(lines);
  }
}
