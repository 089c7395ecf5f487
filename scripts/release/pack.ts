import { spawnSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { assemble } from "./assemble.ts";

/**
 * Compiles, puts the published package together in the folder `dataflow` of `out`, and packs it beside it.
 * Gives the path of the tarball.
 */
export function packRelease(root: string, out: string): string {
  mkdirSync(out, { recursive: true });
  assemble(root, join(out, "dataflow"));
  const packed = spawnSync("npm", ["pack", "./dataflow", "--silent"], {
    cwd: out,
    encoding: "utf8",
    shell: process.platform === "win32",
  });
  if (packed.status !== 0) throw new Error(`npm pack failed: ${packed.error?.message ?? packed.stderr}`);
  return join(out, packed.stdout.trim());
}
