import { once } from "node:events";
import { chmodSync, mkdtempSync, rmSync } from "node:fs";
import { connect, Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test, vi } from "vitest";
import { DataflowError } from "../error.ts";
import {
  askSavepoint,
  askStatus,
  CONNECTIONS_MAX,
  serveControl,
  type Served,
  socketPath,
} from "./control-socket.ts";
import type { Status } from "./report.ts";

const request = { name: "one", created: "2026-05-01T08:00:00.000Z" };

function served(savepoint: Served["savepoint"]): Served {
  return { status: () => ({ pipeline: "p", epoch: 3 }) as Status, facts: { fingerprint: "f" }, savepoint };
}

test("what has failed is told with its code; where nobody listens nothing is answered", async () => {
  const directory = mkdtempSync(join(tmpdir(), "dataflow-socket-"));
  expect(await askSavepoint(directory, request)).toBeUndefined();
  const close = await serveControl(
    directory,
    served(() => Promise.reject(new DataflowError("DF_SAVEPOINT_EXISTS", "There is one."))),
  );
  expect(await askStatus(directory)).toMatchObject({ pid: process.pid, status: { epoch: 3 } });
  await expect(askSavepoint(directory, request)).rejects.toThrow("There is one. [DF_SAVEPOINT_EXISTS]");
  await close();
  expect(await askStatus(directory)).toBeUndefined();
});

test("whoever asks what is no question, too much or nothing is hung up on, and holds nothing up", async () => {
  const directory = mkdtempSync(join(tmpdir(), "dataflow-socket-"));
  const close = await serveControl(
    directory,
    served(() => Promise.reject(new DataflowError("DF_BUG", "not asked"))),
  );
  for (const text of ["GET / HTTP/1.1\n", "null\n", "x".repeat(20_000)]) {
    const socket = connect(socketPath(directory));
    socket.on("error", () => {});
    socket.write(text);
    await once(socket, "close");
  }
  const silent = connect(socketPath(directory));
  await once(silent, "connect");
  expect(await askStatus(directory)).toMatchObject({ protocol: 3 });
  const hungUp = once(silent, "close");
  await close();
  await hungUp;
});

test("who has been answered and does not leave is hung up on after a while: the end of a run waits for nobody else", async () => {
  const directory = mkdtempSync(join(tmpdir(), "dataflow-socket-"));
  const waits: number[] = [];
  let pass = (): void => {};
  const clock = vi.spyOn(Socket.prototype, "setTimeout").mockImplementation(function (
    this: Socket,
    ms,
    then,
  ) {
    waits.push(ms);
    if (then !== undefined) this.once("timeout", then);
    pass = () => void this.emit("timeout");
    return this;
  });
  const close = await serveControl(
    directory,
    served(() => Promise.reject(new DataflowError("DF_BUG", "not asked"))),
  );
  const stopped = connect({ path: socketPath(directory), allowHalfOpen: true });
  stopped.write('{"ask":"status"}\n');
  const [said] = (await once(stopped, "data")) as [Buffer];
  expect(JSON.parse(said.toString())).toMatchObject({ status: { epoch: 3 } });
  const closed = close();
  expect(waits).toEqual([10_000, 0, 10_000]);
  pass();
  await closed;
  clock.mockRestore();
  stopped.destroy();
});

test("more than so many at once are hung up on, until others have gone", async () => {
  const directory = mkdtempSync(join(tmpdir(), "dataflow-socket-"));
  const close = await serveControl(
    directory,
    served(() => Promise.reject(new DataflowError("DF_BUG", "not asked"))),
  );
  const crowd = Array.from({ length: CONNECTIONS_MAX }, () => connect(socketPath(directory)));
  await Promise.all(crowd.map((socket) => once(socket, "connect")));
  expect(await askStatus(directory)).toBeUndefined();
  const left = crowd.map((socket) => once(socket, "close"));
  for (const socket of crowd) socket.end();
  await Promise.all(left);
  expect(await askStatus(directory)).toMatchObject({ protocol: 3 });
  await close();
});

/** Only root can be somebody else for a moment. */
const cannotBeOthers = process.getuid?.() !== 0;
const NOBODY = 65_534;

test.skipIf(cannotBeOthers)(
  "other users of the machine are not let in, whatever their directory allows",
  async () => {
    // Not where temporary files of tests lie: nobody else may go there at all.
    const directory = mkdtempSync("/tmp/dataflow-socket-");
    chmodSync(directory, 0o755);
    const close = await serveControl(
      directory,
      served(() => Promise.reject(new DataflowError("DF_BUG", "not asked"))),
    );
    const path = socketPath(directory);
    expect(await asNobody(path)).toBe("EACCES");
    // What keeps them out is the mode of the socket.
    chmodSync(path, 0o666);
    expect(await asNobody(path)).toBe("connected");
    await close();
    rmSync(directory, { recursive: true });
  },
);

/** What another user is told who connects. */
async function asNobody(path: string): Promise<string> {
  process.seteuid?.(NOBODY);
  const socket = connect(path);
  try {
    await once(socket, "connect");
    return "connected";
  } catch (thrown) {
    return (thrown as NodeJS.ErrnoException).code ?? "";
  } finally {
    process.seteuid?.(0);
    socket.destroy();
  }
}
