import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { connect, createServer, type Server, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Savepoint, SavepointRequest } from "../checkpoint/savepoint.ts";
import { DataflowError, reasonOf } from "../error.ts";
import type { Migrated } from "../migration.ts";
import type { Status } from "./report.ts";

/** Raised when questions or answers change their meaning. */
const PROTOCOL = 3;
/** Longest path of a Unix socket that every system takes, in bytes. */
const PATH_BYTES_MAX = 100;
const TIMEOUT_MS = 2_000;
/** Processes that may be connected at once. */
export const CONNECTIONS_MAX = 64;
/** Longest question, in characters, and how long one may be waited for, and whoever has been answered to leave. */
const QUESTION_MAX = 10_000;
const ASK_WITHIN_MS = 10_000;

/** What a restart would compare with the plan that it is given: see plan/restart.ts. */
export interface RunFacts {
  readonly fingerprint: string;
  /** See `lambdaHashes`. */
  readonly lambdas?: Readonly<Record<string, string>> | undefined;
  readonly migrated?: Migrated | undefined;
}

/** What a running pipeline can be asked for. */
type Question =
  | { readonly ask: "status" }
  | { readonly ask: "savepoint"; readonly request: SavepointRequest };

/** What a running pipeline says of itself. */
export interface Answer {
  readonly protocol: number;
  readonly pid: number;
  readonly status: Status;
  readonly facts: RunFacts;
}

interface SavepointAnswer {
  readonly protocol: number;
  readonly savepoint?: Savepoint | undefined;
  readonly error?: { readonly code: DataflowError["code"]; readonly words: string } | undefined;
}

/** What answers the questions. */
export interface Served {
  readonly status: () => Status;
  readonly facts: RunFacts;
  readonly savepoint: (request: SavepointRequest) => Promise<Savepoint>;
}

/** Where the process that owns a state directory listens. */
export function socketPath(stateDirectory: string): string {
  const absolute = resolve(stateDirectory);
  if (process.platform === "win32") return `\\\\.\\pipe\\dataflow-${digest(absolute)}`;
  const path = join(absolute, "control.sock");
  return Buffer.byteLength(path) <= PATH_BYTES_MAX
    ? path
    : join(tmpdir(), `dataflow-${digest(absolute)}.sock`);
}

/**
 * Answers for a pipeline to processes of the same user (mode 0600). The caller owns the state, so a socket file that is
 * still there is left over from a killed process.
 */
export async function serveControl(stateDirectory: string, served: Served): Promise<() => Promise<void>> {
  const path = socketPath(stateDirectory);
  if (process.platform !== "win32") rmSync(path, { force: true });
  /** Who has not asked yet: the end of the run does not wait for them. */
  const silent = new Set<Socket>();
  const server = createServer((socket) => {
    let text = "";
    silent.add(socket);
    socket.on("close", () => silent.delete(socket));
    socket.on("error", () => socket.destroy());
    socket.setTimeout(ASK_WITHIN_MS, () => socket.destroy());
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (text.length > QUESTION_MAX) socket.destroy();
      if (!text.endsWith("\n")) return;
      silent.delete(socket);
      // A savepoint takes as long as its delivery does.
      socket.setTimeout(0);
      answer(text, served).then(
        (said) => {
          // One that is stopped (SIGSTOP) never leaves, and the end of the run waits for all that are there.
          socket.setTimeout(ASK_WITHIN_MS);
          socket.end(said);
        },
        () => socket.destroy(),
      );
    });
  });
  server.maxConnections = CONNECTIONS_MAX;
  await listen(server, path);
  server.unref();
  return () => {
    for (const socket of silent) socket.destroy();
    return new Promise((done) => server.close(() => done()));
  };
}

/** Asks the process that owns a state directory where it stands; undefined when nobody runs there. */
export async function askStatus(stateDirectory: string): Promise<Answer | undefined> {
  return parse<Answer>(await ask(stateDirectory, { ask: "status" }, TIMEOUT_MS));
}

/**
 * Asks the process that owns a state directory for a savepoint, and waits for it; undefined when nobody runs there.
 * @throws DF_RUN_ENDED when the process ends before it answers, and what it says to have failed
 */
export async function askSavepoint(
  stateDirectory: string,
  request: SavepointRequest,
): Promise<Savepoint | undefined> {
  if ((await askStatus(stateDirectory)) === undefined) return undefined;
  const answered = parse<SavepointAnswer>(await ask(stateDirectory, { ask: "savepoint", request }, 0));
  if (answered?.error !== undefined) throw new DataflowError(answered.error.code, answered.error.words);
  if (answered?.savepoint !== undefined) return answered.savepoint;
  throw new DataflowError(
    "DF_RUN_ENDED",
    `The process that runs the pipeline of ${stateDirectory} has ended before the savepoint was taken. Ask again: it is then taken of the stopped pipeline.`,
    { transient: true },
  );
}

/** All that the process says; nothing where none listens, or not in time. `timeoutMs` 0: wait as long as it lives. */
function ask(stateDirectory: string, question: Question, timeoutMs: number): Promise<string> {
  return new Promise((answered) => {
    const socket = connect(socketPath(stateDirectory));
    let text = "";
    socket.setTimeout(timeoutMs, () => socket.destroy());
    socket.setEncoding("utf8");
    socket.on("connect", () => socket.write(`${JSON.stringify(question)}\n`));
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("error", () => answered(""));
    socket.on("close", () => answered(text));
  });
}

async function answer(text: string, { status, facts, savepoint }: Served): Promise<string> {
  const own = { protocol: PROTOCOL, pid: process.pid };
  const question = JSON.parse(text) as Question;
  if (question.ask === "status") return `${JSON.stringify({ ...own, status: status(), facts })}\n`;
  try {
    return `${JSON.stringify({ ...own, savepoint: await savepoint(question.request) })}\n`;
  } catch (thrown) {
    const { code, words } =
      thrown instanceof DataflowError ? thrown : new DataflowError("DF_BUG", reasonOf(thrown));
    return `${JSON.stringify({ ...own, error: { code, words } })}\n`;
  }
}

function parse<Said extends { readonly protocol: number }>(text: string): Said | undefined {
  if (!text.endsWith("\n")) return undefined;
  const said = JSON.parse(text) as Said;
  return said.protocol === PROTOCOL ? said : undefined;
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((done, failed) => {
    // The mode is set before the socket exists, not after: nobody else can connect in between.
    const before = process.platform === "win32" ? undefined : process.umask(0o177);
    server.once("error", failed);
    server.listen(path, done);
    if (before !== undefined) process.umask(before);
  });
}

function digest(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 24);
}
