/** Inputs without the columns that nobody reads, as the plan prunes them. */
import { pick, type OperatorSpec } from "@df/core";
import { shapeOf, type InputLog, type TestInput } from "./log.ts";
import type { Random } from "./random.ts";

/** Inputs and logs with the columns that are left when only some columns of each output are wanted. */
export function pruned(
  operator: OperatorSpec,
  inputs: readonly TestInput[],
  logs: readonly InputLog[],
  random: Random,
): { inputs: TestInput[]; logs: InputLog[] } {
  const outputs = operator.outputs(inputs.map(shapeOf));
  const wanted = outputs.map(({ schema, key }) => {
    const names = schema.fields.map(({ name }) => name);
    return new Set(names.filter((name) => key.includes(name) || random.oneIn(2)));
  });
  const needed = operator.needs(
    wanted,
    inputs.map(({ schema }) => schema),
  );
  const left = inputs.map((input, port) => withColumns(input, needed[port] ?? new Set()));
  return { inputs: left, logs: logs.map((log, port) => withoutOthers(log, left[port] as TestInput)) };
}

/** The key and the event time stay in any case, and one column always does. */
function withColumns(input: TestInput, needed: ReadonlySet<string>): TestInput {
  const names = input.schema.fields
    .map(({ name }) => name)
    .filter((name) => needed.has(name) || input.key?.includes(name) === true || input.time === name);
  return {
    ...input,
    schema: names.length > 0 ? pick(input.schema, names) : { fields: input.schema.fields.slice(0, 1) },
  };
}

function withoutOthers(log: InputLog, { schema }: TestInput): InputLog {
  const names = schema.fields.map(({ name }) => name);
  return log.map((rows) =>
    rows.map(({ row, diff }) => ({ row: Object.fromEntries(names.map((name) => [name, row[name]])), diff })),
  );
}
