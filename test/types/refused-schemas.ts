/** Misuses of zod and of Standard Schema that must not compile; see refused.ts. */
import { pipeline, t } from "dataflow";
import type { TypedSource } from "dataflow";
import { json } from "dataflow/json";
import { fromZod } from "dataflow/zod";
import { z } from "zod";

const Order = t.row({ id: t.string(), cents: t.int64(), at: t.timestamp(), note: t.string().nullable() });
declare const orders: TypedSource<t.infer<typeof Order>>;
const Bid = fromZod(z.object({ id: z.string(), cents: z.int64(), at: z.iso.datetime() }));
declare const bids: TypedSource<t.infer<typeof Bid>>;

pipeline("refused", (p) => {
  const s = p.from("orders", orders);
  // @ts-expect-error looks at \"user\", which is no column here, or one of another type [DF_VALIDATOR]
  s.validate(z.object({ id: z.string(), user: z.string() }));
  // @ts-expect-error looks at \"cents\", which is no column here, or one of another type [DF_VALIDATOR]
  s.validate(z.object({ cents: z.number() }));
  // @ts-expect-error looks at \"at\", which is no column here, or one of another type [DF_VALIDATOR]
  s.validate(z.object({ at: z.date() }));
  // @ts-expect-error ~standard
  s.validate(Order);
  // @ts-expect-error is not assignable to parameter of type 'StandardSchema
  s.validate((order: { id: string }) => order.id !== "");

  // @ts-expect-error '"id"' is not assignable to type '"at"'
  p.from("ids", bids, { eventTime: "id", maxOutOfOrderness: "1s" });
  // @ts-expect-error 'startsWith' does not exist on type 'Timestamp'
  p.from("bids", bids).filter((bid) => bid.at.startsWith("2026"));
});

// @ts-expect-error fromZod() has no column type for \"tags\"
fromZod(z.object({ id: z.string(), tags: z.array(z.string()) }));
// @ts-expect-error fromZod() has no column type for \"cents\"
fromZod(z.object({ cents: z.string().transform(Number) }));
// @ts-expect-error fromZod() has no column type for \"note\"
fromZod(z.object({ note: z.string().default("") }));
// @ts-expect-error fromZod() has no column type for \"level\"
fromZod(z.object({ level: z.literal(5).nullable() }));
// @ts-expect-error fromZod() has no column type for
fromZod(z.string());
// @ts-expect-error RowType
json(z.object({ id: z.string() }));
