/** Events at a steady rate, appended to files that roll; each follows from its number, so that all can be told. */
import { appendFileSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Random } from "@df/testing/random";

export const USERS = 500;
/** Milliseconds between two writes. */
const WRITE_EVERY_MS = 100;
/** Milliseconds until the next file is begun. */
const ROLL_EVERY_MS = 60_000;

/** Writes events into a folder until it is stopped. */
export class SoakFeed {
  /** How many events there are, numbered from 0. */
  events = 0;
  /** How many files they are in. */
  files = 0;
  readonly #folder: string;
  readonly #rate: number;
  readonly #random: Random;
  readonly #stop = new AbortController();
  readonly #running: Promise<void>;
  /** What is left of a line of which only the beginning is written. */
  #rest = "";

  constructor(folder: string, rate: number, seed: number) {
    this.#folder = folder;
    this.#rate = rate;
    this.#random = new Random(seed);
    mkdirSync(folder, { recursive: true });
    this.#running = this.#run();
  }

  /** Ends with a complete line. */
  async stop(): Promise<void> {
    this.#stop.abort();
    await this.#running;
  }

  async #run(): Promise<void> {
    const startedAt = Date.now();
    while (!this.#stop.signal.aborted) {
      const seconds = (Date.now() - startedAt) / 1000;
      this.#write(Math.floor(seconds * this.#rate), Math.floor((seconds * 1000) / ROLL_EVERY_MS));
      await setTimeout(WRITE_EVERY_MS);
    }
    this.#append("");
  }

  #write(until: number, file: number): void {
    let text = "";
    while (this.events < until) text += this.#line(this.events++);
    if (file === this.files) {
      this.#append("");
      this.files++;
    }
    // A reader comes upon lines that are not complete yet.
    const cut = this.#random.oneIn(3) ? this.#random.below(Math.min(40, text.length + 1)) : 0;
    this.#append(text.slice(0, text.length - cut));
    this.#rest = text.slice(text.length - cut);
  }

  #append(text: string): void {
    const name = `${String(Math.max(0, this.files - 1)).padStart(5, "0")}.jsonl`;
    appendFileSync(join(this.#folder, name), this.#rest + text);
    this.#rest = "";
  }

  /** One event in a hundred is half a minute late. */
  #line(id: number): string {
    const lateMs = this.#random.oneIn(100) ? 30_000 : this.#random.below(1500);
    const event = { id, at: Date.now() - lateMs, user: userOf(id), value: valueOf(id) };
    return `${JSON.stringify(event)}\n`;
  }
}

export function userOf(id: number): string {
  return `u${(id * 7919) % USERS}`;
}

export function valueOf(id: number): number {
  return (id * 31) % 1000;
}
