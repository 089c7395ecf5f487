import { spawnSync } from "node:child_process";
import { expect, test } from "vitest";

const encoder = new URL("./worker-encoder.ts", import.meta.url).href;
const rows = new URL("../../../core/src/batch/rows.ts", import.meta.url).href;

test("an encoder keeps the process alive while it works, and only then", () => {
  // Nobody closes it: a thread that holds the process would let this run into the time limit, one that does not hold it
  // while a file is under way would end the process before it prints.
  const program = `
    import { parquetEncoder } from ${JSON.stringify(encoder)};
    import { batchOf } from ${JSON.stringify(rows)};
    const schema = { fields: [{ name: "a", type: { kind: "int32" }, nullable: false, optional: false }] };
    const encoder = parquetEncoder();
    await encoder.encode(schema, [batchOf(schema, [{ a: 1 }])]);
    console.log((await encoder.encode(schema, [batchOf(schema, [{ a: 1 }, { a: 2 }])])).rows);
  `;
  const run = spawnSync(process.execPath, ["--input-type=module", "--eval", program], {
    encoding: "utf8",
    timeout: 20_000,
  });
  expect(run.stderr).toBe("");
  expect(run.stdout).toBe("2\n");
  expect(run.status).toBe(0);
}, 30_000);
