import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import {
  existingAbove,
  fileSystemNamed,
  fileSystemOf,
  refuseUnsafe,
  refuseUnsafeInbox,
} from "./file-system.ts";

const shm = "/dev/shm";
const noShm = process.platform !== "linux" || !existsSync(shm) || fileSystemOf(shm).kind !== "memory";

test.each([
  ["nfs", 0x6969, "network"],
  ["cifs", 0xff534d42, "network"],
  ["9p", 0x01021997, "network"],
  ["fuse", 0x65735546, "network"],
  ["tmpfs", 0x01021994, "memory"],
  ["proc", 0x9fa0, "memory"],
  ["ramfs", 0x858458f6, "memory"],
  ["ext4", 0xef53, "other"],
  ["overlayfs", 0x794c7630, "other"],
  ["0x1234", 0x1234, "other"],
])("%s is known by its number", (name, type, kind) => {
  expect(fileSystemNamed(type)).toEqual({ name, kind });
});

test("a number that a system gives with a sign is the same file system", () => {
  expect(fileSystemNamed(0xff534d42 | 0)).toEqual({ name: "cifs", kind: "network" });
});

test.each([
  ["network", "locks and shared memory of SQLite do not hold there"],
  ["memory", "what it keeps is gone when the machine stops"],
] as const)(
  "a state, or an inbox, on a %s file system is refused, with the reason and both ways on",
  (kind, why) => {
    const refused = (): void => refuseUnsafe("/data/state", () => ({ name: "somefs", kind }));
    expect(refused).toThrow(why);
    expect(refused).toThrow(
      /^The state directory \/data\/state is on somefs, .*--state-dir.*--unsafe-state-fs\. \[DF_STATE_FILE_SYSTEM\]$/,
    );
    const inbox = (): void => refuseUnsafeInbox("/data/orders.inbox", () => ({ name: "somefs", kind }));
    expect(inbox).toThrow(/^The inbox \/data\/orders\.inbox is on somefs, .* \[DF_STATE_FILE_SYSTEM\]$/);
  },
);

test("a file system that is not known is no reason to refuse", () => {
  expect(() => refuseUnsafe("/data/state", () => ({ name: "0x1234", kind: "other" }))).not.toThrow();
});

test("a directory that is yet to be made is looked at where it will be", () => {
  const folder = mkdtempSync(join(tmpdir(), "fs-"));
  const looked: string[] = [];
  refuseUnsafe(join(folder, "a/b/c"), (directory) => {
    looked.push(directory);
    return { name: "ext4", kind: "other" };
  });
  expect(looked).toEqual([folder]);
  expect(existingAbove("/")).toBe("/");
});

test.skipIf(noShm)("the memory of a Linux machine (/dev/shm) is refused, and nothing is made there", () => {
  const folder = mkdtempSync(join(shm, "df-"));
  try {
    expect(() => refuseUnsafe(join(folder, "state"))).toThrow("is on tmpfs, in memory");
    expect(existsSync(join(folder, "state"))).toBe(false);
  } finally {
    rmSync(folder, { recursive: true });
  }
});
