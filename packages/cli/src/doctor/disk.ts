/** What can be relied on in a directory: looked for in a folder of its own there, which is removed again. */
import { mkdtempSync, rmSync, statfsSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:net";
import { join } from "node:path";
import { localStore } from "@df/connectors/object-store/local-store";
import { existingAbove, fileSystemOf, unsafeFor, type FileSystemOf } from "@df/core/checkpoint/file-system";
import { openExclusively } from "@df/core/checkpoint/open-exclusively";
import { type Finding, ok, problem, tried, warning } from "./finding.ts";

const FREE_BYTES_WARNING = 1e9;
const FREE_BYTES_MIN = 100e6;
/** Milliseconds of one durable write: slower disks make each checkpoint wait. */
const SYNC_MS_WARNING = 100;
const SYNCS = 5;
/** Milliseconds between the clock of this process and that of files. */
const SKEW_MS_MAX = 2_000;

/** Looks at a place with a folder of its own there. `looks` gets the folder, which is gone afterwards. */
export async function inFolder(
  directory: string,
  looks: (folder: string) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  const folder = mkdtempSync(join(existingAbove(directory), ".dataflow-doctor-"));
  try {
    return await looks(folder);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Whether the file system of a state, of tables, or of what is temporary suits it. */
export function fileSystemFinding(
  check: string,
  directory: string,
  use: "state" | "state at risk" | "tables",
  look: FileSystemOf = fileSystemOf,
): Finding {
  const found = look(existingAbove(directory));
  const why = unsafeFor(found);
  if (why === undefined) return ok(check, `${directory} (${found.name})`);
  if (use === "state at risk")
    return warning(check, `${directory} is on ${why}`, "The risk is taken: unsafeStateFs is set.");
  if (use === "state")
    return problem(check, `${directory} is on ${why}`, "Name a directory on a local disk with --state-dir.");
  return found.kind === "memory"
    ? warning(
        check,
        `${directory} is on ${found.name}, in memory`,
        "Tables there are gone when the machine stops.",
      )
    : warning(
        check,
        `${directory} is on ${found.name}, a network file system`,
        "Tables are for a local disk: names that only one writer may get, and fsync, are not certain over a network.",
      );
}

/** Room for what is held and staged. `look` gives the free bytes of a directory. */
export function spaceFinding(directory: string, look: (directory: string) => number = freeBytes): Finding {
  const free = look(existingAbove(directory));
  const says = `${(free / 1e9).toFixed(1)} GB free for ${directory}`;
  if (free >= FREE_BYTES_WARNING) return ok("disk space", says);
  const remedy =
    "Free some, or name another directory with --state-dir. A full disk stops a run; nothing is lost.";
  return free >= FREE_BYTES_MIN ? warning("disk space", says, remedy) : problem("disk space", says, remedy);
}

function freeBytes(directory: string): number {
  const { bavail, bsize } = statfsSync(directory);
  return bavail * bsize;
}

/** Whether SQLite opens there as states are opened, and how long it takes until a write is durable. */
export function sqliteFinding(folder: string): Promise<Finding> {
  const remedy =
    "Where the message speaks of a module or its version, install again with the Node that runs this (npm rebuild better-sqlite3); else use a local disk.";
  return tried("sqlite", remedy, () => {
    const db = openExclusively(join(folder, "state.sqlite"));
    try {
      const version = db
        .prepare<[], { version: string }>("SELECT sqlite_version() AS version")
        .get()?.version;
      db.exec("CREATE TABLE written (number INTEGER)");
      const insert = db.prepare("INSERT INTO written VALUES (?)");
      const startedMs = performance.now();
      for (let number = 0; number < SYNCS; number++) insert.run(number);
      const syncMs = (performance.now() - startedMs) / SYNCS;
      const says = `SQLite ${version}, exclusive, WAL, synchronous=FULL; a durable write takes ${syncMs.toFixed(1)} ms`;
      return syncMs < SYNC_MS_WARNING
        ? ok("sqlite", says)
        : warning(
            "sqlite",
            says,
            "The disk is slow to make writes durable: checkpoints wait for it. Use a local SSD.",
          );
    } finally {
      db.close();
    }
  });
}

/** Whether files are fsynced, renamed, and linked under a name that only one gets: what tables are written with. */
export function filesFinding(check: string, folder: string): Promise<Finding> {
  const remedy =
    "Run in a directory on a local disk that you may write to, with a file system that has hard links.";
  return tried(check, remedy, async () => {
    const store = localStore(join(folder, "table"));
    const bytes = new TextEncoder().encode("{}");
    const first = await store.putIfAbsent("log/0.json", bytes);
    const second = await store.putIfAbsent("log/0.json", bytes);
    await store.move("log/0.json", "log/1.json");
    const moved = await store.get("log/1.json");
    if (!first || second || moved?.length !== bytes.length)
      return problem(
        check,
        "two writers both got the same name, or a file that was moved is not there",
        remedy,
      );
    return ok(check, "fsync, rename and put if absent work");
  });
}

/** Whether the clock of files is that of the process; on a network file system it is another machine's. */
export function fileClockFinding(folder: string, nowMs: () => number = Date.now): Finding {
  const file = join(folder, "now");
  writeFileSync(file, "");
  const skewMs = Math.abs(statSync(file).mtimeMs - nowMs());
  const says = `times of files differ from the clock by ${(skewMs / 1000).toFixed(1)} s`;
  return skewMs <= SKEW_MS_MAX
    ? ok("file times", says)
    : warning(
        "file times",
        says,
        "The files are on another machine, or the clock has just been set: use a local disk.",
      );
}

/** Whether `dataflow status` can ask a pipeline that runs with its state there. */
export function socketFinding(folder: string): Promise<Finding> {
  return new Promise((found) => {
    const server = createServer();
    server.once("error", (error) =>
      found(
        warning(
          "status",
          `no socket can be made: ${error.message}`,
          "Only a stopped pipeline will have a status.",
        ),
      ),
    );
    server.listen(
      process.platform === "win32" ? String.raw`\\.\pipe\dataflow-doctor-${process.pid}` : join(folder, "s"),
      () => server.close(() => found(ok("status", "running pipelines can be asked"))),
    );
  });
}
