import { MessageChannel } from "node:worker_threads";
import { afterEach, expect, test } from "vitest";
import { batchOf, rowsOf } from "../batch/rows.ts";
import type { Operator } from "../operator.ts";
import { t } from "../schema/kit.ts";
import { BEGINNING } from "../time.ts";
import { Link } from "./link.ts";
import { NodeLedger } from "./node-ledger.ts";
import { Channel, NodeRunner } from "./node-runner.ts";
import { CARRIED_EVENTS_MAX, pushCarried, RemoteEnd } from "./remote-end.ts";
import type { LinkMessage } from "./shard-messages.ts";

const Row = t.row({ n: t.int(), text: t.string() });
const ROWS = [
  { n: 1, text: "one" },
  { n: 2, text: "two" },
  { n: 3, text: "three" },
];
const links: Link[] = [];
afterEach(() => {
  for (const link of links.splice(0)) link.close();
});

/** A channel between two threads, both of which are this one, and what its receiver has seen. */
function carried(): {
  readonly end: RemoteEnd;
  readonly seen: unknown[];
  readonly buffers: Set<ArrayBuffer>;
  /** Gives what was sent to the receiver, which works it off; then what came back to the sender. */
  readonly deliver: () => void;
} {
  const { port1, port2 } = new MessageChannel();
  const seen: unknown[] = [];
  const buffers = new Set<ArrayBuffer>();
  const operator: Operator = {
    onBatch: (batch) => {
      seen.push(rowsOf(batch), batch.origin?.split, Array.from(batch.clocks as Float64Array));
      return "done";
    },
    onClock: (clock) => {
      seen.push(clock);
      return "done";
    },
  };
  const runner = new NodeRunner({
    node: "n",
    shard: 1,
    operator,
    outputs: 0,
    ledger: new NodeLedger(),
    clock: BEGINNING,
    epoch: 0,
    holdsRows: () => false,
    onBarrier: (_, epoch) => {
      seen.push(`barrier ${epoch}`);
      return [].values();
    },
    isOver: () => false,
  });
  const channel = new Channel(runner, 0, false);
  runner.channels.push(channel);
  const back = (message: LinkMessage): void => {
    if (message.kind !== "taken") return;
    end.taken(message.spare);
    if (message.spare !== undefined) buffers.add(message.spare);
  };
  const there = new Link(
    port2,
    (message) => heard(message),
    () => {},
  );
  const heard = (message: LinkMessage): void => {
    if (message.kind === "event") pushCarried(message, { channel, schema: Row.schema }, there);
  };
  const here = new Link(port1, back, () => {});
  links.push(here, there);
  const end = new RemoteEnd(here, 7);
  return {
    end,
    seen,
    buffers,
    deliver: () => {
      here.flush();
      there.receive();
      runner.pump();
      there.flush();
      here.receive();
    },
  };
}

const batch = batchOf(Row.schema, ROWS, { clocks: [10, 11, 12] });
const some = Int32Array.of(0, 2);

test("rows, clocks, barriers and ends come in the order in which they were sent", () => {
  const { end, seen, deliver } = carried();
  const origin = { source: "s", split: "a", positions: Float64Array.of(0, 1, 2) };
  end.pushRows({ ...batch, origin }, some, 2);
  end.push({ kind: "clock", clock: 12, status: "live" });
  end.push({ kind: "barrier", epoch: 4 });
  end.push({ kind: "batch", batch });
  end.push({ kind: "end" });
  deliver();
  expect(seen).toEqual([[ROWS[0], ROWS[2]], "a", [10, 12], 12, "barrier 4", ROWS, undefined, [10, 11, 12]]);
});

test("the memory of a batch comes back when it is done, and is used for the next one", () => {
  const { end, buffers, deliver } = carried();
  for (let round = 0; round < 5; round++) {
    end.pushRows(batch, some, 2);
    deliver();
  }
  // It changes hands each time: of one piece there are as many names, of the same size.
  expect([...buffers].map(({ byteLength }) => byteLength)).toEqual([0, 0, 0, 0, expect.any(Number)]);
});

test("a sender is asked to stop until what it has sent is done", () => {
  const { end, deliver } = carried();
  for (let sent = 1; sent < CARRIED_EVENTS_MAX; sent++)
    expect(end.push({ kind: "clock", clock: sent, status: "live" })).toBe("ok");
  expect(end.push({ kind: "batch", batch })).toBe("full");
  expect(end.full()).toBe(true);
  deliver();
  expect(end.full()).toBe(false);
});

test("what a link has to say is sent once there is enough of it, and counted where it sets the other to work", () => {
  const { port1, port2 } = new MessageChannel();
  const heard: LinkMessage[] = [];
  const [one, other] = [
    new Link(
      port1,
      () => {},
      () => {},
    ),
    new Link(
      port2,
      (m) => heard.push(m),
      () => {},
    ),
  ];
  links.push(one, other);
  one.send({ kind: "order", order: { kind: "barrier", epoch: 1 } });
  one.send({ kind: "taken", channel: 0, spare: undefined });
  one.flush(3);
  expect([other.receive(), heard.length]).toEqual([false, 0]);
  one.send({ kind: "opened" });
  one.flush(3);
  expect([other.receive(), heard.map(({ kind }) => kind)]).toEqual([true, ["order", "taken", "opened"]]);
  expect([one.sent, other.received]).toEqual([1, 1]);
});
