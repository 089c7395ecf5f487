import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { root } from "../command.ts";

/** The relative paths in the code of each example, without its modules. */
const places = globSync("examples/*", { cwd: root }).flatMap((example) => {
  const code = globSync(`${example}/*.ts`, { cwd: root }).map((file) =>
    readFileSync(join(root, file), "utf8"),
  );
  const paths = [...code.join("\n").matchAll(/"\.\/([^"]+)"/g)].map(([, path = ""]) => path);
  return paths.filter((path) => !/\.ts$|^input\//.test(path));
});

test("no two sinks or inboxes of the examples share a place: all are run from one directory", () => {
  expect(places).toContain("lake/quarantine");
  expect(places).toContain("orders.inbox");
  expect(places.toSorted()).toEqual([...new Set(places)].toSorted());
});
