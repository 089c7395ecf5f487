/** Runs pipelines inside the test's process, with targets in memory. */
import { join } from "node:path";
import { committerFactory } from "@df/connectors/memory/committer";
import { memoryTarget } from "@df/connectors/memory/target";
import { SqliteState } from "@df/core/checkpoint/sqlite-state";
import { STATE_METHODS, type StateFile } from "@df/core/checkpoint/state-file";
import { run, type RunOptions } from "@df/core/runtime/run";
import { SYSTEM_CLOCK, type WallClock } from "@df/core/runtime/clock-port";
import type { RunReport } from "@df/core/runtime/report";
import { Random } from "@df/testing/random";
import type { PipelineDefinition } from "dataflow";
import { newFolder } from "./command.ts";

/** Runs a pipeline on a state directory, a new one if none is given. */
export function runInMemory(
  definition: PipelineDefinition,
  options: Partial<RunOptions> = {},
): Promise<RunReport> {
  return run(definition.build(), {
    stateDirectory: options.stateDirectory ?? newFolder("state"),
    unsafeStateFs: true,
    directory: process.cwd(),
    connectors: { memory: committerFactory },
    ...options,
  });
}

/**
 * A state without a thread of its own: no time passes while it works, and a run of few rows takes a small part of the
 * time that starting a thread does.
 */
export function stateHere(directory: string, pipelineName: string): StateFile {
  const state = new SqliteState(join(directory, "state.sqlite"), pipelineName);
  const methods = STATE_METHODS.map((method) => [
    method,
    async (...given: readonly unknown[]) =>
      (state[method] as (...all: readonly unknown[]) => unknown).apply(state, [...given]),
  ]);
  return Object.fromEntries(methods) as StateFile;
}

/** Outcomes of a node's input rows, as the ledger has them. */
export function outcomesOf(report: RunReport, node: string): Readonly<Record<string, number>> {
  return { ...report.ledger.find((entry) => entry.node === node)?.outcomes };
}

/** Content hash by sink. */
export function contentOf(report: RunReport): Readonly<Record<string, string | undefined>> {
  return Object.fromEntries(report.sinks.map(({ sink, contentHash }) => [sink, contentHash]));
}

/** What an upsert target shows: the last row of each key, sorted. */
export function shown(name: string, key: readonly string[]): string[] {
  const rows = new Map<string, string>();
  for (const { row, diff } of memoryTarget(name).changes) {
    const id = JSON.stringify(key.map((column) => row[column]));
    if (diff < 0) rows.delete(id);
    else rows.set(id, JSON.stringify(row));
  }
  return [...rows.values()].toSorted();
}

/** Rows as `shown` gives them. */
export function lines(rows: readonly object[]): string[] {
  return rows.map((row) => JSON.stringify(row)).toSorted();
}

/** A clock that is three milliseconds on at each look: all work is cut into slices of few steps. */
export function hurrying(): WallClock {
  let now = 0;
  return {
    now: () => (now += 3),
    sleep: (_, signal) => SYSTEM_CLOCK.sleep(1, signal),
    yield: () => SYSTEM_CLOCK.yield(),
  };
}

/** Reorders lists by numbers drawn from a seed: another schedule for each seed. */
export function shuffling(seed: number): <T>(all: readonly T[]) => readonly T[] {
  const random = new Random(seed);
  return (all) => {
    const shuffled = [...all];
    random.shuffle(shuffled);
    return shuffled;
  };
}
