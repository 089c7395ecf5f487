import type { SqliteState } from "./sqlite-state.ts";

/**
 * What the runtime asks of the state, from the main thread: each method of `SqliteState`, answered later. The bytes of
 * what is given to `hold`, `commit` and `storeIntent` belong to the state from then on: they are moved there, and not to be read again.
 */
export type StateFile = {
  readonly [Method in keyof SqliteState]: SqliteState[Method] extends (...given: infer Given) => infer Answer
    ? (...given: Given) => Promise<Answer>
    : never;
};

/** The names that may be called across the thread border. */
export const STATE_METHODS: readonly (keyof SqliteState)[] = [
  "identity",
  "hold",
  "commit",
  "lastCheckpoint",
  "chunkList",
  "chunks",
  "sinks",
  "rename",
  "formerIds",
  "forgetSink",
  "undelivered",
  "heldFrames",
  "storeIntent",
  "intents",
  "recordDelivery",
  "deliveries",
  "indexGet",
  "indexVersion",
  "indexDecided",
  "indexClear",
  "indexAdd",
  "indexFinish",
  "savepoint",
  "beginAdoption",
  "finishAdoption",
  "close",
];
