import { expect, test } from "vitest";
import type { Polled } from "../connector.ts";
import { t } from "../schema/kit.ts";
import { packParcel } from "./parcel.ts";
import { RemoteReader, type Backlog } from "./remote-reader.ts";

const { schema } = t.row({ n: t.float64() });
const elsewhere = { module: "", shared: {}, split: {} };

function rows(next: number): Polled {
  const columns = [{ layout: "double", values: Float64Array.of(next) }] as const;
  return { length: 1, columns, positions: Float64Array.of(next), invalid: [], next };
}

/** A reader, what it has asked its thread for and not been told, and what tells it. */
function readerOf(backlog: Backlog) {
  const asked: (ArrayBuffer | undefined)[] = [];
  const thread = {
    open: () => 0,
    poll: (_reader: number, _rowsMax: number, spare: ArrayBuffer | undefined) => void asked.push(spare),
    close: () => {},
    receive: () => {},
  };
  const reader = new RemoteReader({ thread, elsewhere, schema, backlog }, undefined);
  let next = 0;
  const answer = (): void => {
    next++;
    reader.heard({ kind: "rows", parcel: packParcel(rows(next), asked.shift()) });
  };
  return { reader, asked, answer };
}

test("rows are asked for ahead once they come, and their memory is given back", async () => {
  const { reader, asked, answer } = readerOf({ bytes: 0, bytesMax: 1e9 });
  const first = reader.poll(1);
  expect(asked).toEqual([undefined]);
  answer();
  const [column] = ((await first) as Polled).columns;
  const memory = column?.layout === "double" ? column.values.buffer : undefined;
  void reader.poll(1);
  expect(asked).toEqual([memory, undefined, undefined]);
  answer();
  answer();
  answer();
  expect(reader.poll(1)).toMatchObject({ next: 3 });
  expect(asked).toHaveLength(1);
});

test("nothing is asked for ahead while as many bytes wait as may, and what waits is counted down to none", async () => {
  const backlog = { bytes: 0, bytesMax: 1 };
  const { reader, asked, answer } = readerOf(backlog);
  const first = reader.poll(1);
  answer();
  await first;
  expect(backlog.bytes).toBeGreaterThan(0);
  const other = readerOf(backlog);
  const polled = other.reader.poll(1);
  other.answer();
  await polled;
  void other.reader.poll(1);
  expect(other.asked).toHaveLength(1);
  other.answer();
  void reader.poll(1);
  // What it was polled for last is done with, and the other one's waits.
  expect(asked).toHaveLength(1);
  void reader.close();
  void other.reader.close();
  expect(backlog.bytes).toBe(0);
  answer();
  expect(backlog.bytes).toBe(0);
});
