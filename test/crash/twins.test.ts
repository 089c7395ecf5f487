import { cpSync } from "node:fs";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import { Random } from "@df/testing/random";
import { expect, test } from "vitest";
import { Started, until } from "../cli/started.ts";
import { dataflow, newFolder, startDataflow } from "../command.ts";
import { missingReaders } from "../outside-readers.ts";
import { expectAnswer, pipeline, type Sinks } from "./judge.ts";

const PAUSE_MS = 150;
const random = new Random(5);

/** A run that waits at each step, stopped with SIGSTOP after it has taken a step for the n-th time. */
async function stoppedAfter(
  step: string,
  nth: number,
  sinks: Sinks,
): Promise<{ folder: string; run: Started }> {
  const folder = newFolder("twins");
  const env = { CRASH_SINKS: sinks, CRASH_ROW_MS: "4", DATAFLOW_PAUSE_MS: String(PAUSE_MS) };
  const run = new Started(startDataflow(folder, ["run", pipeline], env));
  await until(`the step "${step}" is taken`, () => run.stderr.split(`step: ${step} (`).length > nth);
  await setTimeout(random.below(PAUSE_MS));
  run.child.kill("SIGSTOP");
  return { folder, run };
}

const steps = ["checkpoint stored", "staged", "intent stored", "committed", "delivery recorded"];
const cases = steps.map((step, i) => [step, 1 + (i % 2), i % 2 === 0 ? "delta" : "others"] as const);

test.skipIf(missingReaders !== undefined).each(cases)(
  "a run that was stopped at “%s” (time %d, %s sinks) and overtaken by a copy of its state is refused when it goes on; tables show each row once",
  async (step, nth, sinks) => {
    const { folder, run } = await stoppedAfter(step, nth, sinks);
    const env = { CRASH_SINKS: sinks };
    try {
      const second = dataflow(folder, ["run", pipeline], env);
      expect({ code: second.code, stdout: second.stdout }).toEqual({ code: 6, stdout: "" });
      expect(second.stderr).toMatch(
        /^Another process is using the state .*state\.sqlite\..* It does not answer: .*\(SIGSTOP, a debugger\)\. \[DF_ALREADY_RUNNING\]\n$/,
      );
      cpSync(join(folder, ".dataflow"), join(folder, "copy"), {
        recursive: true,
        filter: (path) => !path.endsWith(".sock"),
      });
      const copy = dataflow(folder, ["run", pipeline, "--state-dir", "copy"], env);
      expect(copy).toMatchObject({ code: 0, stderr: "" });
      expectAnswer(folder, sinks);
    } finally {
      run.child.kill("SIGCONT");
    }
    const { code, stderr } = await run.ended();
    expect(stderr).toMatch(
      /^(?:The target of sink|Sink) ".*(?:this state knows only of|another run of this pipeline has written).* \[DF_SINK_(?:AHEAD|OTHER_LINEAGE)\]$/m,
    );
    expect(code).toBe(5);
    expectAnswer(folder, sinks);
    expect(dataflow(folder, ["run", pipeline, "--state-dir", "copy"], env)).toMatchObject({
      code: 0,
      stderr: "",
    });
    expectAnswer(folder, sinks);
  },
);
