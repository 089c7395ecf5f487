import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { Random } from "@df/testing/random";
import { expect, test } from "vitest";
import { newFolder } from "../command.ts";
import { Disk } from "./power-cut-disk.ts";

const DURABLE = Buffer.from("what was fsynced, ");

/** What power cuts leave of a file, of which `DURABLE` was fsynced, when a killed process has left it as `found`. */
function leftOf(found: string): ReadonlySet<string> {
  const folder = newFolder("power-cut-disk");
  const path = join(folder, "log");
  const disk = new Disk(folder);
  disk.apply({ kind: "open", began: 1, ended: 2, fd: 3, path, flags: "O_RDWR|O_CREAT" });
  disk.apply({ kind: "write", began: 3, ended: 4, fd: 3, at: 0, bytes: DURABLE });
  disk.apply({ kind: "sync", began: 5, ended: 6, fd: 3, path });
  disk.apply({ kind: "open", began: 7, ended: 8, fd: 4, path: folder, flags: "O_RDONLY" });
  disk.apply({ kind: "sync", began: 9, ended: 10, fd: 4, path: folder });
  writeFileSync(path, found);
  for (const deed of disk.unseen()) disk.apply({ ...deed, began: 11, ended: 12 });
  const random = new Random(1);
  return new Set(Array.from({ length: 200 }, () => `${disk.image(random).files.get("log")?.toString()}`));
}

test("a power cut takes nothing that was fsynced for what a killed process was writing behind it", () => {
  expect(leftOf(`${DURABLE.toString()}and what was not`)).toEqual(
    new Set([DURABLE.toString(), `${DURABLE.toString()}and what was not`]),
  );
});

test("a power cut may leave what a killed process has written over, and cut off", () => {
  expect(leftOf("what IS fsynced, ")).toContain("what was fsynced, ");
  expect(leftOf("what")).toEqual(new Set(["what", DURABLE.toString()]));
});
