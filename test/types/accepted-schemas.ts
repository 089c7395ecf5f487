/** Uses of zod and of Standard Schema that must compile, with the row types they must have. */
import { pipeline } from "dataflow";
import type { DateString, t, Timestamp, TypedSource } from "dataflow";
import { files } from "dataflow/files";
import { json } from "dataflow/json";
import { lines } from "dataflow/lines";
import { fromZod } from "dataflow/zod";
import { z } from "zod";
import { same, type FactsOf, type Row } from "./same.ts";

const Order = fromZod(
  z.object({
    id: z.uuid(),
    mail: z.string().email(),
    cents: z.int64().positive(),
    qty: z.number().int(),
    small: z.int32().min(1),
    paid: z.boolean(),
    at: z.iso.datetime({ offset: true }),
    seen: z.date().nullable(),
    day: z.iso.date(),
    kind: z.enum(["a", "b"]),
    only: z.literal("x"),
    note: z.string().optional(),
    level: z.int().nullish(),
  }),
);
type Order = t.infer<typeof Order>;
same<
  Order,
  {
    id: string;
    mail: string;
    cents: bigint;
    qty: number;
    small: number;
    paid: boolean;
    at: Timestamp;
    seen: Timestamp | null;
    day: DateString;
    kind: "a" | "b";
    only: "x";
    note: string | null;
    level: number | null;
  }
>(true);
declare const source: TypedSource<Order>;

pipeline("accepted", (p) => {
  const orders = p.from("orders", source, { eventTime: "at", maxOutOfOrderness: "1s" });
  const checked = orders
    .validate(z.object({ qty: z.number().min(1), kind: z.string(), note: z.string().nullable() }), {
      id: "checked",
    })
    .validate(z.object({ at: z.number(), mail: z.enum(["a@example.org"]), more: z.string().optional() }))
    .validate(z.unknown());
  same<Row<typeof checked>, Order>(true);
  same<FactsOf<typeof checked>, ["append", never, true]>(true);
  const made = orders.map(fromZod(z.object({ id: z.string().min(3), n: z.int().optional() })), ({ id }) => ({
    id,
  }));
  same<Row<typeof made>, { id: string; n: number | null }>(true);
  const text = p.from("text", files({ path: "a", decode: lines() }));
  same<Row<typeof text>, { line: string }>(true);
  const read = p.from(
    "read",
    files({ path: "a", decode: json(Order), compression: "zstd", expansionMax: 500 }),
  );
  same<Row<typeof read>, Order>(true);
});
