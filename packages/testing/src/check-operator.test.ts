import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  BEGINNING,
  gatherRows,
  t,
  type Batch,
  type Operator,
  type OperatorContext,
  type OperatorSpec,
  type Output,
} from "@df/core";
import { copyBatch } from "./arrays.ts";
import { checkOperator, logArbitrary, type OperatorCase, type OracleInput } from "./check-operator.ts";
import type { TestInput } from "./log.ts";

const Row = t.row({ id: t.string(), n: t.int64().nullable(), at: t.timestamp() });
const INPUT: TestInput = { schema: Row.schema, time: "at", boundMicros: 5_000 };
const row = fc.record({
  id: fc.constantFrom("a", "b", "c", ""),
  n: fc.option(fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n })),
  at: fc.integer({ min: 0, max: 40 }),
});

function spec(
  open: (context: OperatorContext) => Operator,
  changes: Partial<OperatorSpec> = {},
): OperatorSpec {
  return {
    name: "tested",
    version: 1,
    options: {},
    label: "identical",
    stateful: false,
    exchanges: [{ keyBy: ["id"] }],
    outputs: (inputs) => inputs,
    needs: ([wanted]) => [new Set([...(wanted ?? []), "id"])],
    open,
    ...changes,
  };
}

function pass(context: OperatorContext): Operator {
  return {
    onBatch(batch, _port, out) {
      context.count("passed", batch.length);
      out(batch);
      return "done";
    },
  };
}

const all = ({ inputs }: OracleInput) => ({ ports: [inputs[0] ?? []] });

function check(operator: OperatorSpec, changes: Partial<OperatorCase> = {}): void {
  checkOperator({
    operator,
    inputs: [INPUT],
    logs: logArbitrary(row).map((log) => [log]),
    oracle: all,
    runs: 20,
    ...changes,
  });
}

/** Passes rows whose id it has not seen, or whatever `wrong` makes of that. */
function firstOfId(
  context: OperatorContext,
  remember: (batch: Batch, context: OperatorContext) => boolean[],
): Operator {
  return {
    onBatch(batch, _port, out) {
      const isFirst = remember(batch, context);
      const rows = Int32Array.from([...isFirst.keys()].filter((i) => isFirst[i] === true));
      context.count("passed", rows.length);
      context.count("duplicate", batch.length - rows.length);
      if (rows.length > 0) out({ ...gatherRows(batch, rows, rows.length), origin: undefined });
      return "done";
    },
  };
}

const firsts = ({ arrival }: OracleInput) => {
  const ids = new Set<unknown>();
  return {
    ports: [
      arrival.filter((entry) => {
        const isNew = !ids.has(entry.row["id"]);
        ids.add(entry.row["id"]);
        return isNew;
      }),
    ],
  };
};

function rememberInState(context: OperatorContext): (batch: Batch) => boolean[] {
  const table = context.state.table("seen", { key: { fields: [Row.schema.fields[0] as never] }, value: [] });
  return (batch) => {
    const rows = Int32Array.from({ length: batch.length }, (_, i) => i);
    const fresh = new Int32Array(batch.length);
    const ids = new Int32Array(batch.length);
    const count = table.insert({ batch, columns: [0], rows, count: batch.length }, 0, ids, fresh);
    const isFirst = Array.from({ length: batch.length }, () => false);
    for (let i = 0; i < count; i++) isFirst[fresh[i] as number] = true;
    return isFirst;
  };
}

describe("checkOperator lets a right operator pass", () => {
  test("that hands on its input", () => check(spec(pass)));
  test("that takes rows in any order", () => check(spec(pass), { anyOrder: true }));
  test("that keeps its state in the store", () =>
    check(
      spec((context) => firstOfId(context, rememberInState(context)), { stateful: true, label: "arrival" }),
      {
        oracle: firsts,
      },
    ));
});

describe("checkOperator finds an operator that", () => {
  const expectFound = (operator: OperatorSpec, message: RegExp, changes: Partial<OperatorCase> = {}): void =>
    expect(() => check(operator, changes)).toThrow(message);

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

  test("loses its state on restore", () => {
    const forgets = (context: OperatorContext): Operator => {
      const seen = new Set<string>();
      return firstOfId(context, (batch) => {
        const column = batch.columns[0];
        if (column?.layout !== "text") return [];
        return Array.from({ length: batch.length }, (_, i) => {
          const id = Buffer.from(column.bytes.subarray(column.starts[i], column.ends[i])).toString();
          const isNew = !seen.has(id);
          seen.add(id);
          return isNew;
        });
      });
    };
    expectFound(spec(forgets, { stateful: true, label: "arrival" }), /\[tested: (restore|crashes)/, {
      oracle: firsts,
    });
  });

  test("does not mark what it changed for the checkpoint", () => {
    const untouched = (context: OperatorContext): Operator => {
      const key = { fields: [Row.schema.fields[0] as never] };
      const table = context.state.table("counts", { key, value: [{ name: "rows", words: 1 }] });
      const ids = new Int32Array(4096);
      const fresh = new Int32Array(4096);
      const offsets = new Int32Array(4096);
      return firstOfId(context, (batch) => {
        const rows = Int32Array.from({ length: batch.length }, (_, i) => i);
        const keys = { batch, columns: [0], rows, count: batch.length };
        table.find(keys, 0, ids);
        if (ids.subarray(0, batch.length).includes(-1)) table.insert(keys, 0, ids, fresh);
        table.offsets(ids, batch.length, offsets);
        const at = table.offset("rows");
        // Every third row of an id passes: the count changes without a touch.
        return Array.from({ length: batch.length }, (_, i) => {
          const word = (offsets[i] as number) + at;
          table.words[word] = (table.words[word] as number) + 1;
          return (table.words[word] as number) % 3 === 0;
        });
      });
    };
    const thirds = ({ arrival }: OracleInput) => {
      const counts = new Map<unknown, number>();
      return {
        ports: [
          arrival.filter((entry) => {
            const count = (counts.get(entry.row["id"]) ?? 0) + 1;
            counts.set(entry.row["id"], count);
            return count % 3 === 0;
          }),
        ],
      };
    };
    expectFound(spec(untouched, { stateful: true, label: "arrival" }), /\[tested: (restore|crashes)/, {
      oracle: thirds,
    });
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

  test("splits equal keys over shards", () => {
    expectFound(
      spec((context) => firstOfId(context, rememberInState(context)), {
        stateful: true,
        label: "arrival",
        exchanges: ["forward"],
      }),
      /shards/,
      { oracle: firsts },
    );
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

  test("counts rows under a wrong outcome", () => {
    expectFound(spec(pass), /counted as folded/, {
      oracle: (input) => ({ ...all(input), counts: { folded: input.inputs[0]?.length ?? 0 } }),
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
