import type { Status } from "@df/core/runtime/report";
import { progressLine } from "./render.ts";

const TERMINAL_EVERY_MS = 250;
const PLAIN_EVERY_MS = 10_000;

/** Shows on stderr how a run is doing: one line that rewrites itself on a terminal, a line now and then elsewhere. */
export class Progress {
  readonly #terminal = process.stderr.isTTY;
  readonly #startedMs = Date.now();
  #shownMs: number | undefined;
  #timer: NodeJS.Timeout | undefined;

  start(status: () => Status): void {
    const every = this.#terminal ? TERMINAL_EVERY_MS : PLAIN_EVERY_MS;
    this.#timer = setInterval(() => this.#show(status()), every).unref();
  }

  /** A sink has shown rows. */
  shown(): void {
    this.#shownMs = Date.now();
  }

  stop(): void {
    clearInterval(this.#timer);
    if (this.#terminal && this.#timer !== undefined) process.stderr.write("\r\u001B[K");
  }

  #show(status: Status): void {
    const nowMs = Date.now();
    const line = progressLine(status, { sinceMs: nowMs - this.#startedMs, nowMs, shownMs: this.#shownMs });
    if (!this.#terminal) process.stderr.write(`${line}\n`);
    else process.stderr.write(`\r\u001B[K${line.slice(0, Math.max(20, process.stderr.columns - 1))}`);
  }
}
