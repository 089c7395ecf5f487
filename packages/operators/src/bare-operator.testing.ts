/** An operator without a harness, for tests that look into its state. */
import { BEGINNING, type Operator, type OperatorSpec, type Shape, type StateTable } from "@df/core";
import { MemoryStateStore } from "@df/core/state/store";

/** What was opened: the operator, its store, and the tables in it in the order in which they were opened. */
export interface Bare {
  readonly operator: Operator;
  readonly store: MemoryStateStore;
  readonly tables: readonly StateTable[];
}

/** Opens an operator with one input on the only shard, interpreted; what it counts and refuses is not seen. */
export function openBare(spec: OperatorSpec, input: Shape): Bare {
  const store = new MemoryStateStore();
  const tables: StateTable[] = [];
  const operator = spec.open({
    nodeId: "node",
    shard: 0,
    inputs: [input],
    outputs: spec.outputs([input]),
    state: {
      table: (name, tableSpec) => {
        const table = store.table(name, tableSpec);
        tables.push(table);
        return table;
      },
    },
    clock: BEGINNING,
    generate: false,
    count: () => {},
    countLatePartial: () => {},
    reject: () => {},
  });
  return { operator, store, tables };
}
