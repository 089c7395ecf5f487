import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { expect, test } from "vitest";
import { dataflow, newFolder, root, startDataflow } from "../command.ts";
import { missingReaders } from "../outside-readers.ts";
import { goldOf, idsOf, someOrders, writeOrders, type Order } from "./order-lines.ts";
import { Started, statusIn, until, windowsIn } from "./started.ts";
import { goldIn, idsIn } from "./tables.ts";

const pipeline = join(root, "test/cli/orders.ts");
const env = { ORDERS_WITH: "idle-timeout no-lateness" };

/** The order of a minute since the first one. */
function orderAt(minute: number): Order {
  const [order] = someOrders(minute, minute + 1);
  if (order === undefined) throw new Error(`no order at minute ${minute}`);
  return order;
}

interface Mark {
  readonly split: string;
  readonly position: string;
  readonly clock: number;
}

function marksIn(folder: string): Mark[] {
  const db = new DatabaseSync(join(folder, ".dataflow/orders/state.sqlite"), { readOnly: true });
  const marks = db.prepare("SELECT split, position, clock FROM mark ORDER BY epoch, split").all();
  db.close();
  return marks as unknown as Mark[];
}

test.skipIf(missingReaders !== undefined)(
  "--follow reads what grows and appears; what a split says after it was silent, or new, or ended is folded or late by a mark",
  async () => {
    const folder = newFolder("follow");
    const early = someOrders(0, 6);
    writeOrders(folder, "a.jsonl", early);
    writeOrders(folder, "b.jsonl", [orderAt(6)]);
    const run = new Started(startDataflow(folder, ["run", pipeline, "--follow"], env));
    const folded = (rows: number) => async (): Promise<boolean> => (await windowsIn(folder)).folded === rows;
    const late = (rows: number) => async (): Promise<boolean> => (await windowsIn(folder)).late === rows;
    await until("both files are read", folded(7));
    await until("both are silent", async () => (await statusIn(folder))?.splits.idle === 2);
    writeOrders(folder, "a.jsonl", [orderAt(600)]);
    await until("the file that grew is read", folded(8));
    const clock = (await statusIn(folder))?.clock ?? 0;
    expect(clock).toBe((orderAt(600).at - 3600) * 1e6 - 1);
    writeOrders(folder, "b.jsonl", [orderAt(7), orderAt(601)]);
    await until("the silent split's old row is late", late(1));
    writeOrders(folder, "c.jsonl", [orderAt(8), orderAt(602)]);
    await until("the old row of the new file is late", late(2));
    await until("the newer rows are folded", folded(10));
    const stopped = await run.stop("SIGTERM");
    expect({ code: stopped.code, stderr: stopped.stderr }).toEqual({ code: 143, stderr: "" });
    // Split a may have a mark of its first silence, if it fell silent before b: it lifts to where b was then.
    const lifted = marksIn(folder).filter((mark) => mark.clock >= clock);
    expect(lifted.map(({ split }) => split)).toEqual(["b.jsonl", "c.jsonl"]);

    // Without --follow all splits end; one that grows afterwards is marked too.
    const before = marksIn(folder);
    expect(dataflow(folder, ["run", pipeline], env)).toMatchObject({ code: 0, stderr: "" });
    expect(marksIn(folder)).toEqual(before);
    writeOrders(folder, "a.jsonl", [orderAt(9), orderAt(603)]);
    const grown = dataflow(folder, ["run", pipeline, "--json"], env);
    expect(grown).toMatchObject({ code: 0, stderr: "" });
    const report = JSON.parse(grown.stdout) as {
      readonly ledger: readonly {
        readonly node: string;
        readonly rowsIn: number;
        readonly outcomes: object;
      }[];
    };
    const entry = report.ledger.find(({ node }) => node === "per-hour");
    expect(entry).toMatchObject({ rowsIn: 14, outcomes: { folded: 11, late: 3 } });
    expect(marksIn(folder).slice(before.length)).toMatchObject([{ split: "a.jsonl" }]);

    const inTime = [...early, orderAt(6), ...[600, 601, 602, 603].map(orderAt)];
    expect(goldIn(folder)).toEqual(goldOf(inTime));
    expect(idsIn(folder, "lake/late")).toEqual(idsOf([7, 8, 9].map(orderAt)));
    expect(idsIn(folder, "lake/bronze")).toEqual(idsOf([...inTime, ...[7, 8, 9].map(orderAt)]));
  },
);
