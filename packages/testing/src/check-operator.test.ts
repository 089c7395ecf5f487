import fc from "fast-check";
import { describe, test } from "vitest";
import {
  BEGINNING,
  copyBatch,
  gatherRows,
  type Batch,
  type Operator,
  type OperatorContext,
  type Output,
} from "@df/core";
import { logArbitrary } from "./check-operator.ts";
import { allRows, check, expectFound, INPUT, pass, row, spec } from "./tested-operator.testing.ts";

describe("checkOperator lets a right operator pass", () => {
  test("that hands on its input", () => check(spec(pass)));
  test("that takes rows in any order", () => check(spec(pass), { anyOrder: true }));
});

describe("checkOperator finds an operator that", () => {
  test("keeps a batch after it said done", () => {
    const keeps = (context: OperatorContext): Operator => {
      let kept: Batch | undefined;
      return {
        onBatch(batch, _port, out) {
          if (kept !== undefined) out(kept);
          kept = batch;
          context.count("passed", batch.length);
          return "done";
        },
        flush(out) {
          if (kept !== undefined) out(kept);
          kept = undefined;
          return "done";
        },
      };
    };
    expectFound(spec(keeps), /event time NaN|differs|-77777777/);
  });

  test("ignores full", () => {
    const ignores = (context: OperatorContext): Operator => ({
      onBatch(batch, _port, out) {
        context.count("passed", batch.length);
        for (let i = 0; i < batch.length; i++) out(gatherRows(batch, Int32Array.of(i), 1));
        return "done";
      },
    });
    expectFound(spec(ignores), /went on producing after "full"/);
  });

  test("drops its cursor after full", () => {
    const forgets = (context: OperatorContext): Operator => ({
      onBatch(batch, _port, out) {
        context.count("passed", batch.length);
        for (let i = 0; i < batch.length; i++)
          if (out(gatherRows(batch, Int32Array.of(i), 1)) === "full") break;
        return "done";
      },
    });
    expectFound(spec(forgets), /missing/);
  });

  test("never comes to an end", () => {
    const endless = (context: OperatorContext): Operator => ({
      ...pass(context),
      resume: () => "more",
      flush: () => "more",
    });
    expectFound(spec(endless), /"more" without end/);
  });

  test("depends on the order of rows", () => {
    const firstOfBatch = (context: OperatorContext): Operator => ({
      onBatch(batch, _port, out) {
        context.count("passed", 1);
        context.count("filtered", batch.length - 1);
        out(gatherRows(batch, Int32Array.of(0), 1));
        return "done";
      },
    });
    expectFound(spec(firstOfBatch), /missing/);
  });

  test("miscounts the ledger", () => {
    const miscounts = (context: OperatorContext): Operator => ({
      onBatch(batch, _port, out) {
        context.count("passed", batch.length - 1);
        out(batch);
        return "done";
      },
    });
    expectFound(spec(miscounts), /rows in, but outcomes are/);
  });

  test("refuses a row of a batch that it accepts", () => {
    const refusing = (context: OperatorContext): Operator => ({
      onBatch(batch) {
        for (let row = 0; row < batch.length; row++) context.reject(batch, row, "no");
        return "done";
      },
    });
    expectFound(
      { ...spec(refusing), accepts: () => () => true },
      /refused a row of a batch that its spec accepts/,
    );
  });

  test("counts rows under a wrong outcome", () => {
    expectFound(spec(pass), /counted as folded/, {
      oracle: (input) => ({ ...allRows(input), counts: { folded: input.inputs[0]?.length ?? 0 } }),
    });
  });

  test("emits rows behind the clock it handed on", () => {
    const holds = (context: OperatorContext): Operator => {
      let held: Batch[] = [];
      return {
        onBatch(batch) {
          held.push({ ...copyBatch(batch), origin: undefined, clocks: BEGINNING });
          return "done";
        },
        buffered: () => held.reduce((sum, batch) => sum + batch.length, 0),
        flush: (out) => push(out),
        resume: (out) => push(out),
      };
      function push(out: Output): "done" | "more" {
        while (held.length > 0) {
          const [batch] = held as [Batch];
          held = held.slice(1);
          context.count("passed", batch.length);
          if (out(batch) === "full") return "more";
        }
        return "done";
      }
    };
    expectFound(spec(holds), /was handed on/);
  });

  test("changes a batch that it has handed on", () => {
    const reuses = (context: OperatorContext): Operator => ({
      onBatch(batch, _port, out) {
        context.count("passed", batch.length);
        const mine = copyBatch(batch);
        out(mine);
        const ids = mine.columns[0];
        if (ids?.layout === "text") ids.ends.set(ids.starts);
        return "done";
      },
    });
    expectFound(spec(reuses), /changed after it was handed on/);
  });

  test("writes to its input", () => {
    const writes = (context: OperatorContext): Operator => ({
      onBatch(batch, _port, out) {
        const ids = batch.columns[0];
        if (ids?.layout === "text") ids.ends.set(ids.starts);
        context.count("passed", batch.length);
        out(batch);
        return "done";
      },
    });
    expectFound(spec(writes), /wrote to its input/);
  });

  test("breaks the rule of long columns", () => {
    const widens = (context: OperatorContext): Operator => ({
      onBatch(batch, _port, out) {
        context.count("passed", batch.length);
        const column = batch.columns[1];
        const columns = batch.columns.with(1, {
          layout: "long",
          values: new BigInt64Array(batch.length),
          validity: column?.validity,
        });
        out({ ...batch, columns });
        return "done";
      },
    });
    expectFound(spec(widens), /all of its values are safe integers/);
  });

  test("parts the halves of an update", () => {
    const parts = (context: OperatorContext): Operator => {
      let pending: Batch[] = [];
      const push = (out: Output): "done" | "more" => {
        while (pending.length > 0) {
          const [first] = pending as [Batch];
          pending = pending.slice(1);
          if (out(first) === "full" && pending.length > 0) return "more";
        }
        return "done";
      };
      return {
        onBatch(batch, _port, out) {
          context.count("passed", batch.length);
          pending = Array.from({ length: batch.length }, (_, i) => gatherRows(batch, Int32Array.of(i), 1));
          return push(out);
        },
        resume: push,
      };
    };
    expectFound(spec(parts), /parted by the end of a batch/, {
      inputs: [{ ...INPUT, change: "retract", key: ["id"] }],
      logs: logArbitrary(row, { diff: fc.constantFrom(1, -1) }).map((log) => [log]),
    });
  });

  test("does not say which columns it needs", () => {
    const reads = (context: OperatorContext): Operator => {
      const at = context.inputs[0]?.schema.fields.findIndex(({ name }) => name === "n") ?? -1;
      return {
        onBatch(batch, _port, out) {
          context.count("passed", batch.length);
          if (batch.columns[at] === undefined) return "done";
          out(batch);
          return "done";
        },
      };
    };
    expectFound(spec(reads), /without columns that nobody reads/);
  });

  test("says so with the seed and the mode", () => {
    expectFound(
      spec(() => ({ onBatch: () => "done" })),
      /seed: -?\d+[\s\S]*\[tested: one row at a time, open\]/,
    );
  });
});
