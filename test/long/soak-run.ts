/** The command under the soak: its lives, and what is measured of the last one. */
import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import type { RunReport } from "@df/core/runtime/report";
import { Started } from "../cli/started.ts";
import { root, startDataflow } from "../command.ts";

/** What Node holds of memory at a moment, after its garbage is gone. */
export interface Sample {
  readonly pid: number;
  readonly seconds: number;
  /** Bytes of the main thread's objects, with what lies outside of its heap, and without code. */
  readonly heap: number;
  /** Bytes of what it has compiled. */
  readonly code: number;
  /** Bytes of the process. */
  readonly rss: number;
}

/** What lies on the disk at a moment. */
export interface Sizes {
  readonly stateFiles: number;
  readonly stateBytes: number;
}

const pipeline = join(root, "test/long/soak-pipeline.ts");

export class SoakRun {
  /** Of the last life, in order. */
  readonly sizes: Sizes[] = [];
  starts = 0;
  readonly #folder: string;
  readonly #sampleMs: number;
  #started: Started | undefined;

  constructor(folder: string, sampleMs: number) {
    this.#folder = folder;
    this.#sampleMs = sampleMs;
  }

  start(): void {
    this.starts++;
    const env = {
      NODE_OPTIONS: "--expose-gc",
      SOAK_SAMPLES: this.#samplesFile,
      SOAK_SAMPLE_MS: String(this.#sampleMs),
    };
    this.#started = new Started(startDataflow(this.#folder, ["run", pipeline, "--follow"], env));
  }

  /** Ends the life that goes on. @throws Error where it has ended by itself, or says a word at a clean stop */
  async stop(signal: "SIGKILL" | "SIGTERM"): Promise<void> {
    const started = this.#started;
    if (started === undefined) return;
    this.#refuseEnded(started);
    const { code, stderr } = await started.stop(signal);
    // Before the command has its handlers, a signal ends any process.
    if (signal === "SIGTERM" && code !== 143 && started.child.signalCode !== "SIGTERM")
      throw new Error(`SIGTERM ended a run with ${code}: ${stderr}`);
  }

  /** Looks at the disk now and then, for so long. @throws Error where the run ends meanwhile */
  async watch(forMs: number): Promise<void> {
    for (const until = Date.now() + forMs; Date.now() < until;) {
      await setTimeout(this.#sampleMs);
      if (this.#started !== undefined) this.#refuseEnded(this.#started);
      this.sizes.push(this.#sizesNow());
    }
  }

  /** Reads what is left and closes all windows. */
  async drain(): Promise<RunReport> {
    const drained = new Started(startDataflow(this.#folder, ["run", pipeline, "--drain", "--json"]));
    const { code, stdout, stderr } = await drained.ended();
    if (code !== 0) throw new Error(`the last run ended with ${code}: ${stderr}`);
    return JSON.parse(stdout) as RunReport;
  }

  /** What the last life said of its memory. */
  samples(): Sample[] {
    if (!existsSync(this.#samplesFile)) return [];
    const lines = readFileSync(this.#samplesFile, "utf8").trimEnd().split("\n");
    const all = lines.map((line) => JSON.parse(line) as Sample);
    const last = all.at(-1)?.pid;
    return all.filter(({ pid }) => pid === last);
  }

  get #samplesFile(): string {
    return join(this.#folder, "samples.jsonl");
  }

  #refuseEnded({ child, stderr }: Started): void {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`a run ended by itself with ${child.exitCode ?? child.signalCode}: ${stderr}`);
  }

  #sizesNow(): Sizes {
    const directory = join(this.#folder, ".dataflow/soak");
    let [stateFiles, stateBytes] = [0, 0];
    for (const name of readdirSync(directory)) {
      // Files of the spool come and go.
      const size = statSync(join(directory, name), { throwIfNoEntry: false })?.size;
      if (size === undefined) continue;
      stateFiles++;
      stateBytes += size;
    }
    return { stateFiles, stateBytes };
  }
}
