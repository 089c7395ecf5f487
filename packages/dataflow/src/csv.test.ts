import { prune } from "@df/core/plan/prune";
import { validate } from "@df/core/plan/validate";
import { expect, test } from "vitest";
import { csv } from "./csv.ts";
import { files } from "./files.ts";
import { pipeline, t } from "./index.ts";
import { memorySink } from "./memory.ts";

const Order = t.row({ id: t.string(), cents: t.int64(), note: t.string().optional() });

test("A pipeline reads CSV files, and decodes only the columns it uses", () => {
  const plan = prune(
    pipeline("orders", (p) => {
      p.from("orders", files({ path: "./input/*.csv", decode: csv(Order, { delimiter: ";" }) }))
        // The row's types are those of the declaration.
        .map({ cents: t.int64() }, (o) => ({ cents: o.cents + 1n }))
        .to("memory", memorySink("cents"));
    }).build(),
  );
  validate(plan);
  const [source] = plan.nodes;
  expect(source?.kind === "source" && source.outputs[0]?.schema.fields.map(({ name }) => name)).toEqual([
    "cents",
  ]);
});
