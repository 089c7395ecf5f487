import { relative } from "node:path";

/** A path as it can be typed here. */
export function here(path: string): string {
  const short = relative(process.cwd(), path);
  return short.length < path.length ? short : path;
}
