import { fileURLToPath } from "node:url";
import { DataflowError } from "@df/core";

/**
 * The path of a string or file: URL, with its wildcards. In `new URL("./input/?.jsonl", import.meta.url)` the question
 * mark begins a query: it is given back to the path.
 * @throws DF_PATH for an empty path and a URL that names no file
 */
export function pathOf(path: string | URL): string {
  if (typeof path === "string") {
    if (path === "") throw new DataflowError("DF_PATH", "A path of files() is empty.");
    return path;
  }
  if (path.protocol !== "file:" || path.hash !== "") {
    throw new DataflowError("DF_PATH", `${path.href} names no file: files() takes paths and file: URLs.`);
  }
  const bare = new URL(path);
  bare.search = "";
  try {
    return fileURLToPath(bare) + decodeURIComponent(path.search);
  } catch (cause) {
    throw new DataflowError("DF_PATH", `${path.href} names no file.`, { cause });
  }
}
