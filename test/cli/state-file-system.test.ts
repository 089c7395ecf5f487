import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileSystemOf } from "@df/core/checkpoint/file-system";
import { expect, test } from "vitest";
import { dataflow, newFolder, root } from "../command.ts";
import { someOrders, writeOrders } from "./order-lines.ts";

const shm = "/dev/shm";
const noShm = process.platform !== "linux" || !existsSync(shm) || fileSystemOf(shm).kind !== "memory";
const pipeline = join(root, "test/cli/orders.ts");

test.skipIf(noShm)("a state in memory is refused before anything is made, unless the risk is taken", () => {
  const [folder, memory] = [newFolder("fs"), mkdtempSync(join(shm, "df-"))];
  try {
    writeOrders(folder, "a.jsonl", someOrders(0, 3));
    const given = ["run", pipeline, "--state-dir", join(memory, "state")];
    const refused = dataflow(folder, given, { DATAFLOW_UNSAFE_STATE_FS: "0" });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(refused.stderr).toMatch(/ is on tmpfs, in memory: .*--state-dir.* \[DF_STATE_FILE_SYSTEM\]\n$/);
    expect([existsSync(join(memory, "state")), existsSync(join(folder, "lake"))]).toEqual([false, false]);
    const taken = dataflow(folder, [...given, "--unsafe-state-fs"], { DATAFLOW_UNSAFE_STATE_FS: "0" });
    expect(taken).toMatchObject({ code: 0, stderr: "" });
    expect(dataflow(folder, given, { DATAFLOW_UNSAFE_STATE_FS: "1" }).code).toBe(0);
  } finally {
    rmSync(memory, { recursive: true });
  }
});

test.skipIf(noShm)("an inbox in memory is refused as a state there is, unless the risk is taken", () => {
  const [folder, memory] = [newFolder("fs"), mkdtempSync(join(shm, "df-"))];
  const inbox = join(memory, "rows.inbox");
  try {
    writeFileSync(
      join(folder, "pipeline.ts"),
      `import { pipeline, t } from "dataflow";
import { filesSink, jsonLines } from "dataflow/files";
import { inbox } from "dataflow/inbox";
import { fromIterable } from "dataflow/iterables";
const Row = t.row({ n: t.int() });
export default pipeline("kept", (p) => {
  p.from("rows", inbox(fromIterable(Row, [{ n: 1 }]), { path: ${JSON.stringify(inbox)} })).to(
    "out",
    filesSink({ path: "./out", format: jsonLines() }),
  );
});
`,
    );
    const run = (...more: string[]): ReturnType<typeof dataflow> =>
      dataflow(folder, ["run", "pipeline.ts", "--state-dir", join(folder, "state"), ...more], {
        DATAFLOW_UNSAFE_STATE_FS: "0",
      });
    const refused = run();
    // Where temporary files lie in memory the state is refused first.
    expect(refused.stderr).toMatch(/ is on tmpfs, in memory: .* \[DF_STATE_FILE_SYSTEM\]\n$/);
    expect([refused.code, existsSync(inbox)]).toEqual([2, false]);
    expect(run("--unsafe-state-fs")).toMatchObject({ code: 0, stderr: "" });
    expect(existsSync(inbox)).toBe(true);
  } finally {
    rmSync(memory, { recursive: true });
  }
});
