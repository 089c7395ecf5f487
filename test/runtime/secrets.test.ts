/** What a connector with credentials does with a secret: its options carry the reference, `open` reveals it. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { committerFactory } from "@df/connectors/memory/committer";
import { memoryTarget } from "@df/connectors/memory/target";
import {
  DataflowError,
  storedSecret,
  type ChangeMode,
  type CommitterFactory,
  type TypedSink,
} from "@df/core";
import { pipeline, secret, t, type PipelineDefinition, type Secret } from "dataflow";
import { memorySink, memorySource } from "dataflow/memory";
import { afterEach, expect, test, vi } from "vitest";
import { newFolder } from "../command.ts";
import { runInMemory } from "../in-memory.ts";

const Row = t.row({ n: t.int64() });
afterEach(() => vi.unstubAllEnvs());

/** A memory target that only opens for those who know its token. */
function guardedSink(name: string, token: Secret): TypedSink<unknown, ChangeMode> {
  return { ...memorySink(name), connector: "guarded", options: { name, token: token.toJSON() } };
}

/** The factory of guarded sinks whose token is `valid` now. */
function guarded(valid: string): CommitterFactory {
  return {
    open: async (options, context) => {
      const { token } = options as { readonly token: string };
      const given = storedSecret(token).reveal(context.directory);
      if (given === valid) return committerFactory.open(options, context);
      const answer = Object.assign(new Error(`401 for Bearer ${given}`), { request: { headers: [given] } });
      throw new DataflowError("DF_UNREACHABLE", `The target said: ${answer.message}.`, { cause: answer });
    },
  };
}

function toGuarded(name: string): PipelineDefinition {
  return pipeline("guarded", { secrets: ["token"] }, (p, { token }) => {
    p.from("log", memorySource([{ n: 1n }], Row, { bounded: false })).to("out", guardedSink(name, token));
  });
}

/** Runs with a token in the environment, and a target that takes `valid`. */
function runWith(definition: PipelineDefinition, valid: string, options: Parameters<typeof runInMemory>[1]) {
  const built = { ...definition, build: () => definition.build({ token: "env:TOKEN" }) };
  return runInMemory(built, { ...options, connectors: { guarded: guarded(valid) } });
}

test("an intent that is finished after a crash reveals its secret anew, and the state has only the reference", async () => {
  const stateDirectory = newFolder("state");
  vi.stubEnv("TOKEN", "first token");
  const crash = (step: string): Promise<void> =>
    step === "intent stored" ? Promise.reject(new Error("crash")) : Promise.resolve();
  await expect(
    runWith(toGuarded("secret"), "first token", { stateDirectory, onStep: crash }),
  ).rejects.toThrow("crash");
  expect(memoryTarget("secret").changes).toEqual([]);

  vi.stubEnv("TOKEN", "second token");
  await runWith(toGuarded("secret"), "second token", { stateDirectory });
  expect(memoryTarget("secret").changes).toEqual([{ row: { n: 1n }, diff: 1 }]);

  const files = readdirSync(stateDirectory).map((name) => readFileSync(join(stateDirectory, name), "latin1"));
  expect(files.some((text) => text.includes("secret(env:TOKEN)"))).toBe(true);
  expect(files.filter((text) => /first token|second token/.test(text))).toEqual([]);
});

test("a secret may change and move: the plan fits its state, which has the new reference then", async () => {
  const stateDirectory = newFolder("state");
  const log = [{ n: 1n }];
  const moved = (name: string): PipelineDefinition =>
    pipeline("guarded", (p) => {
      const sink = guardedSink("moved", secret(`env:${name}`));
      p.from("log", memorySource(log, Row, { bounded: false })).to("out", sink);
    });
  vi.stubEnv("OLD_TOKEN", "first token");
  const connectors = { guarded: guarded("first token") };
  await runInMemory(moved("OLD_TOKEN"), { stateDirectory, connectors });
  vi.stubEnv("OLD_TOKEN", undefined);
  vi.stubEnv("NEW_TOKEN", "first token");
  log.push({ n: 2n });
  await runInMemory(moved("NEW_TOKEN"), { stateDirectory, connectors });
  expect(memoryTarget("moved").changes.map(({ row }) => row["n"])).toEqual([1n, 2n]);
});

test("what a target answers is told without the token", async () => {
  vi.stubEnv("TOKEN", "wrong token");
  const thrown: unknown = await runWith(toGuarded("wrong"), "right token", {}).catch(
    (error: unknown) => error,
  );
  expect(String(thrown)).toContain("401 for Bearer secret(env:TOKEN)");
  expect(inspect(thrown, { depth: 9 })).not.toContain("wrong token");
});
