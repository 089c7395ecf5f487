/** A callback that writes down what it is told, slowed down, with an epoch every few rows: something to kill. */
import { appendFileSync } from "node:fs";
import { pipeline, t } from "dataflow";
import { callback } from "dataflow/callback";
import { generator } from "dataflow/generator";

const Row = t.row({ n: t.int32() });
const pauses = new Int32Array(new SharedArrayBuffer(4));
const pauseMs = Number(process.env["CRASH_ROW_MS"] ?? 0);

export default pipeline("callback", { checkpointEvery: "20ms", batchRows: 5 }, (p) => {
  p.from("rows", generator({ row: Row, rows: 400, make: (n) => ({ n }) }))
    .tap(() => {
      if (pauseMs > 0) Atomics.wait(pauses, 0, 0, pauseMs);
    })
    .to(
      "told",
      callback<{ n: number }>((changes, { epoch, part, last }) => {
        const rows = changes.map(({ after }) => after?.n);
        appendFileSync("told.jsonl", `${JSON.stringify({ epoch, part, last, rows })}\n`);
      }),
      { commitEvery: { time: "60ms", bytes: 1 << 20 } },
    );
});
