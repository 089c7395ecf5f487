/** Views that must compile, with the row types they must have. The compiler runs this file; nothing else does. */
import { defineAggregate, migration, pipeline, t } from "dataflow";
import type { ChangeMode, Decimal, Stream, TypedSink, TypedSource } from "dataflow";
import { same, type FactsOf, type Row } from "./same.ts";

const Order = t.row({ id: t.string(), userId: t.string(), cents: t.int64(), at: t.timestamp() });
type Order = t.infer<typeof Order>;
declare const source: TypedSource<Order>;
declare function delta(path: string): TypedSink<unknown, ChangeMode>;
const Sale = t.row({
  shop: t.string(),
  price: t.decimal(18, 2),
  weight: t.float64().nullable(),
  pieces: t.int(),
  note: t.string().optional(),
  at: t.timestamp(),
});
declare const sales: TypedSource<t.infer<typeof Sale>>;
const clock = { eventTime: "at", maxOutOfOrderness: "30s" } as const;

const pieces = defineAggregate({
  value: t.int(),
  state: { n: t.int() },
  output: t.int(),
  init: () => ({ n: 0 }),
  add: ({ n }, value) => ({ n: n + value }),
  result: ({ n }) => n,
});

// Views, and aggregates over some of the rows.
pipeline("views", (p) => {
  const perShop = p
    .from("sales", sales, clock)
    .groupBy("shop", "note")
    .aggregate("per-shop", (a) => {
      const heavy = a.where((sale) => sale.pieces > 10);
      return {
        n: a.count(),
        heavy: heavy.count(),
        price: heavy.sum("price"),
        weight: heavy.avg("weight"),
        most: heavy.max("pieces"),
        own: a.use(pieces, "pieces"),
        heavyOwn: heavy.use(pieces, "pieces"),
      };
    });
  same<FactsOf<typeof perShop>, ["upsert", "shop" | "note", false]>(true);
  same<
    Row<typeof perShop>,
    {
      shop: string;
      note: string | null;
      n: number;
      heavy: number;
      price: Decimal | null;
      weight: number | null;
      most: number | null;
      own: number;
      heavyOwn: number | null;
    }
  >(true);
  const spread = perShop
    .changelog("changes")
    .groupBy("shop")
    .aggregate("spread", (a) => ({ notes: a.count(), n: a.where((row) => row.note !== null).sum("n") }));
  same<Row<typeof spread>, { shop: string; notes: number; n: number | null }>(true);
  const untimed = p.from("untimed", source).groupBy("userId");
  const cents = untimed.aggregate("cents", (a) => ({ cents: a.sum("cents") }));
  same<FactsOf<typeof cents>, ["upsert", "userId", false]>(true);
});

// The latest row of each group: the whole row, told apart by the group, without event time.
export const latest = pipeline("latest", (p) => {
  const timed = p
    .from("orders", source, clock)
    .groupBy("userId")
    .latest("timed", { by: ["at", "cents"] });
  same<typeof timed, Stream<Order, "upsert", "userId", false>>(true);
  const untimed = p.from("more", source).groupBy("userId", "at").latest("untimed", { by: "id" });
  same<FactsOf<typeof untimed>, ["upsert", "userId" | "at", false]>(true);
  untimed.filter((o) => o.cents > 0n).to("latest", delta("latest"));
  // What it has kept with other columns is given to a function, which gives rows of now.
  const Before = t.row({ ...Order.columns, cents: t.int32() });
  const migrate = migration("cents", Before, (row) => {
    same<typeof row.cents, number>(true);
    return { ...row, cents: BigInt(row.cents) };
  });
  p.from("kept", source, clock).groupBy("userId").latest("kept", { by: "at", migrate });
  p.from("held", source, clock).dedupe("held", { by: "id", within: "1h", keep: "first", migrate });
});
