import { describe, test } from "vitest";
import { gatherRows, type Batch, type Operator, type OperatorContext } from "@df/core";
import { logArbitrary, type OracleInput } from "./check-operator.ts";
import { check, expectFound, INPUT, row, spec } from "./tested-operator.testing.ts";

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
  const table = context.state.table("seen", {
    key: { fields: [INPUT.schema.fields[0] as never] },
    value: [],
  });
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

describe("checkOperator lets an operator with state pass", () => {
  test("that keeps its state in the store", () =>
    check(
      spec((context) => firstOfId(context, rememberInState(context)), { stateful: true, label: "arrival" }),
      {
        oracle: firsts,
      },
    ));
});

describe("checkOperator finds an operator with state that", () => {
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
      const key = { fields: [INPUT.schema.fields[0] as never] };
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

  test("keeps it under another key than the exchange's", () => {
    // The key group of "n" is mostly another shard's: after a restart its rows are not there.
    const misplaced = (context: OperatorContext): Operator => {
      const key = { fields: [INPUT.schema.fields[0] as never, INPUT.schema.fields[1] as never] };
      const table = context.state.table("seen", { key, value: [] });
      return firstOfId(context, (batch) => {
        const rows = Int32Array.from({ length: batch.length }, (_, i) => i);
        const fresh = new Int32Array(batch.length);
        const keys = { batch, columns: [0, 1], rows, count: batch.length };
        const count = table.insert(keys, 0, new Int32Array(batch.length), fresh);
        const made = new Set(fresh.subarray(0, count));
        return Array.from({ length: batch.length }, (_, i) => made.has(i));
      });
    };
    const firstPairs = ({ arrival }: OracleInput) => {
      const seen = new Set<string>();
      const isNew = (row: Readonly<Record<string, unknown>>): boolean => {
        const pair = `${String(row["id"])}/${String(row["n"])}`;
        return !seen.has(pair) && seen.add(pair) !== undefined;
      };
      return { ports: [arrival.filter((entry) => isNew(entry.row))] };
    };
    const few = row.map((each) => ({
      ...each,
      n: each["n"] === null ? null : BigInt.asIntN(2, each["n"] as bigint),
    }));
    expectFound(
      spec(misplaced, { stateful: true, label: "arrival", needs: () => [new Set(["id", "n"])] }),
      /[27] shards, crashes/,
      {
        logs: logArbitrary(few).map((log) => [log]),
        oracle: firstPairs,
      },
    );
  });
});
