/** The thread of an inbox: owns its only SQLite connection and answers one call after another. */
import { workerData } from "node:worker_threads";
import { answerCalls } from "@df/core/checkpoint/thread-calls";
import { InboxFile, type InboxIdentity } from "./inbox-file.ts";

const { file, identity } = workerData as { readonly file: string; readonly identity: InboxIdentity };

answerCalls(
  () => new InboxFile(file, identity),
  () => [],
);
