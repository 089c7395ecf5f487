import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

test("a log line has the reference of a secret where its value would stand, also in JSON", () => {
  const program = `import { secret } from "@df/core";
import { log } from "./log.ts";
const token = secret("env:TOKEN").reveal();
log.warn({ error: new Error("no " + token), url: "x?token=" + encodeURIComponent(token), quoted: token }, token);
`;
  const { stderr } = spawnSync(process.execPath, ["--input-type=module-typescript", "--eval", program], {
    cwd: import.meta.dirname,
    encoding: "utf8",
    env: { ...process.env, TOKEN: 'a "secret" & more' },
  });
  expect(JSON.parse(stderr)).toMatchObject({
    msg: "secret(env:TOKEN)",
    quoted: "secret(env:TOKEN)",
    url: "x?token=secret(env:TOKEN)",
  });
  expect(stderr).not.toMatch(/a .{0,3}secret|more/);
});
