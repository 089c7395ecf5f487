/** Connectors that cannot run: the tests of this package build graphs only. */
import { DataflowError } from "@df/core";
import type { ChangeMode, Columns, PlanNode, ReadOf, RowType, Shape, TypedSink, TypedSource } from "@df/core";
import type { Pipeline, PipelineDefinition } from "./pipeline-types.ts";
import { pipeline } from "./pipeline.ts";

/** A source of rows of a type. */
export function standInSource<S extends Columns>(type: RowType<S>): TypedSource<ReadOf<S>> {
  return {
    name: "test",
    schema: type.schema,
    options: {},
    rows: "events",
    bounded: true,
    history: "full",
    open: () => Promise.reject(new Error("a stand-in does not run")),
  };
}

/** A sink for any row. */
export function standInSink<Change extends ChangeMode>(
  changes: readonly Change[],
  check: (shape: Shape) => void = () => {},
): TypedSink<unknown, Change> {
  return { connector: "test", options: {}, changes, guarantee: "exactly once", check };
}

/** The nodes of a pipeline named "p". */
export function built(build: (p: Pipeline) => void): readonly PlanNode[] {
  return pipeline("p", build).build().nodes;
}

/** The message with which building is refused, or "(it builds)". */
export function refusal(define: () => PipelineDefinition): string {
  try {
    define().build();
  } catch (thrown) {
    if (thrown instanceof DataflowError) return thrown.message;
    throw thrown;
  }
  return "(it builds)";
}

/** Passes for anything: says in tests what the types would refuse. */
export function untyped(value: unknown): never {
  return value as never;
}
