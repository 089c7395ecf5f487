import { createHash } from "node:crypto";
import { rmSync } from "node:fs";
import { connect, createServer, type Server } from "node:net";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { Status } from "./report.ts";

/** Raised when questions or answers change their meaning. */
const PROTOCOL = 2;
/** Longest path of a Unix socket that every system takes, in bytes. */
const PATH_BYTES_MAX = 100;
const TIMEOUT_MS = 2_000;

/** What a restart would compare with the plan that it is given: see plan/restart.ts. */
export interface RunFacts {
  readonly fingerprint: string;
  /** See `lambdaHashes`. */
  readonly lambdas?: Readonly<Record<string, string>> | undefined;
}

/** What a running pipeline answers. */
export interface Answer {
  readonly protocol: number;
  readonly pid: number;
  readonly status: Status;
  readonly facts: RunFacts;
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
 * Serves the status of a pipeline to processes of the same user (mode 0600). The caller owns the state, so a socket
 * file that is still there is left over from a killed process.
 */
export async function serveStatus(
  stateDirectory: string,
  status: () => Status,
  facts: RunFacts,
): Promise<() => Promise<void>> {
  const path = socketPath(stateDirectory);
  if (process.platform !== "win32") rmSync(path, { force: true });
  const server = createServer((socket) => {
    socket.on("error", () => socket.destroy());
    const answer: Answer = { protocol: PROTOCOL, pid: process.pid, status: status(), facts };
    socket.end(`${JSON.stringify(answer)}\n`);
  });
  await listen(server, path);
  server.unref();
  return () => new Promise((done) => server.close(() => done()));
}

/** Asks the process that owns a state directory; undefined when nobody runs there. */
export function askStatus(stateDirectory: string): Promise<Answer | undefined> {
  return new Promise((answered) => {
    const socket = connect(socketPath(stateDirectory));
    let text = "";
    socket.setTimeout(TIMEOUT_MS, () => socket.destroy());
    socket.setEncoding("utf8");
    socket.on("data", (chunk: string) => {
      text += chunk;
    });
    socket.on("error", () => answered(undefined));
    socket.on("close", () => answered(parse(text)));
  });
}

function parse(text: string): Answer | undefined {
  if (!text.endsWith("\n")) return undefined;
  const answer = JSON.parse(text) as Answer;
  return answer.protocol === PROTOCOL ? answer : undefined;
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
