/** The state thread: owns the only SQLite connection and answers one request after another. */
import { workerData } from "node:worker_threads";
import { carriersOf, discard, expectGivingAway, givenAway } from "./given-away.ts";
import type { HeldFrame } from "./records.ts";
import { SqliteState } from "./sqlite-state.ts";
import { damageOf, diskFailureOf } from "./sqlite-failures.ts";
import { answerCalls } from "./thread-calls.ts";

expectGivingAway();
const { file, pipeline } = workerData as { readonly file: string; readonly pipeline: string };

answerCalls(
  () => new SqliteState(file, pipeline),
  (method, given, value) => {
    discard(carriersOf(method, given));
    return method === "heldFrames" ? givenAway(value as HeldFrame[]) : [];
  },
  (thrown) => damageOf(file, thrown) ?? diskFailureOf(file, thrown) ?? thrown,
);
