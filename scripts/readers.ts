/**
 * Installs the outside readers that judge our tables into `.cache/readers`, and says which ones there are. They are
 * written by others, so that no bug of ours can hide in both writer and reader.
 */
import { spawnSync } from "node:child_process";
import { fileURLToPath } from "node:url";
import { folderPython, type FolderPython } from "./python-folder.ts";

const folder = fileURLToPath(new URL("../.cache/readers", import.meta.url));

const REQUIREMENTS = ["deltalake==1.6.6", "duckdb==1.5.5", "polars==2.1.0", "pyarrow==26.0.1"];

/** An outside reader: there with its version, or missing for a reason. */
export type Reader =
  | { readonly name: string; readonly version: string }
  | { readonly name: string; readonly missing: string };

/** The Python that has the readers, or why there is none. Installs them the first time. */
export const readersPython = (): FolderPython => folderPython(folder, REQUIREMENTS);

/** It reads what a process asks of the system: power cuts are made of that. */
export function straceReader(): Reader {
  const name = "strace";
  const probe = ["-f", "--seccomp-bpf", "-o", "/dev/null", "-e", "inject=fsync:retval=0", "true"];
  const { error, status, stderr } = spawnSync(name, probe, { encoding: "utf8" });
  if (error !== undefined) return { name, missing: "no strace on this machine" };
  if (status !== 0) return { name, missing: `may not trace: ${stderr.trim().split("\n").at(-1)}` };
  const { stdout } = spawnSync(name, ["-V"], { encoding: "utf8" });
  return { name, version: /version ([\d.]+)/.exec(stdout)?.[1] ?? "of no version" };
}

/** Every reader by name. */
export function readers(): Reader[] {
  return [...pythonReaders(), straceReader()];
}

function pythonReaders(): Reader[] {
  const found = readersPython();
  const modules = { "delta-rs": "deltalake", duckdb: "duckdb", polars: "polars", pyarrow: "pyarrow" };
  return Object.entries(modules).map(([name, module]) => {
    if ("missing" in found) return { name, missing: found.missing };
    const asked = spawnSync(found.python, ["-c", `import ${module}; print(${module}.__version__)`], {
      encoding: "utf8",
    });
    if (asked.status !== 0)
      return { name, missing: asked.stderr.trim().split("\n").at(-1) ?? "does not load" };
    return { name, version: asked.stdout.trim() };
  });
}
