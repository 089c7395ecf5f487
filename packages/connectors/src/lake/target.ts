import { posix } from "node:path";

/** The directory of a table as one and the same text, however its path is written: "./out/a/" and "out/a" are one. */
export function targetOf(path: string): string {
  const directory = posix.normalize(path.replaceAll("\\", "/"));
  return `the directory "${directory.length > 1 ? directory.replace(/\/$/, "") : directory}"`;
}
