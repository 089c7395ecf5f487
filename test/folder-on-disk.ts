/** Folders for programs that call `start()`: temporary files may lie in memory, where a state is refused. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll } from "vitest";
import { root } from "./command.ts";

const folders: string[] = [];
afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** A new directory of the test's own below that of the sources. It is removed when the tests of the file have ended. */
export function newFolderOnDisk(name: string): string {
  mkdirSync(join(root, "out"), { recursive: true });
  const folder = mkdtempSync(join(root, `out/${name}-`));
  folders.push(folder);
  return folder;
}
