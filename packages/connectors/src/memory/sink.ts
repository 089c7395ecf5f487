import { DataflowError } from "@df/core";
import type { ChangeMode, Shape, TypedSink } from "@df/core";

/**
 * A sink for tests: keeps what was committed in this process, under a name; read it with `memoryTarget(name).changes`.
 * Exactly once as long as the process lives.
 * @throws DF_OPTION for an empty name
 */
export function memorySink(name: string): TypedSink<unknown, ChangeMode> {
  if (typeof name !== "string" || name === "") {
    throw new DataflowError(
      "DF_OPTION",
      'memorySink() needs a name by which its rows are found: memorySink("orders").',
    );
  }
  return {
    connector: "memory",
    options: { name },
    changes: ["append", "upsert", "retract"],
    guarantee: "exactly once",
    check: (input: Shape) => {
      if (input.change !== "upsert" || input.key.length > 0) return;
      throw new DataflowError(
        "DF_CHANGE",
        `The sink memorySink("${name}") gets upserts without a key: name it with keyBy().`,
      );
    },
  };
}
