/** Folders with a Python of their own and the packages that something here needs. */
import { execFileSync, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, rmSync, writeFileSync } from "node:fs";

/** The Python of a folder, or why there is none. */
export type FolderPython = { readonly python: string } | { readonly missing: string };

/** The Python that has `requirements`, as pip writes them. Installs them into `folder` the first time. */
export function folderPython(folder: string, requirements: readonly string[]): FolderPython {
  const python = process.platform === "win32" ? `${folder}/Scripts/python.exe` : `${folder}/bin/python`;
  const stamp = `${folder}/${requirements.join("_").replaceAll("==", "-")}.installed`;
  if (existsSync(stamp)) return { python };
  const system = ["python3", "python"].find((name) => spawnSync(name, ["--version"]).status === 0);
  if (system === undefined) return { missing: "no python3 on this machine" };
  try {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
    execFileSync(system, ["-m", "venv", folder], { stdio: ["ignore", "ignore", "pipe"] });
    const pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", ...requirements];
    execFileSync(python, pip, { stdio: ["ignore", "ignore", "pipe"] });
    writeFileSync(stamp, "");
    return { python };
  } catch (thrown) {
    const { stderr } = thrown as { readonly stderr?: Buffer };
    const last = String(stderr ?? thrown)
      .trim()
      .split("\n")
      .at(-1);
    return { missing: `could not be installed: ${last}` };
  }
}
