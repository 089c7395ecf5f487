import { br, i32, set } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import { moduleBytes } from "@df/core/wasm/module";
import { usableWasm } from "@df/core/wasm/usable";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AREAS } from "../kernel/memory.ts";
import { recordsModule } from "../kernel/records.ts";
import type { KernelRun } from "../kernel/records.ts";
import { dispatch } from "./kernel-keys.ts";
import { placesOf } from "./key-places.ts";

const AT = AREAS.rows;
const encode = (text: string): Uint8Array => new TextEncoder().encode(text);

/** A function that gives the number of a key, −1 for others. */
function finderOf(names: readonly string[]): (name: string) => number {
  const wasm = usableWasm();
  if (wasm === undefined) throw new Error("There is no WebAssembly.");
  const memory = new wasm.Memory({ initial: 1 });
  const module = recordsModule({}, (on) => {
    const found = (index: number): Code => [set(on.row, i32.const(index)), br("stop")];
    const keys = names.map((name, index) => ({ bytes: encode(name), code: found(index) }));
    return [dispatch(on, on.others.take("i32"), keys), found(-1)];
  });
  const { exports } = new wasm.Instance(new wasm.Module(moduleBytes(module)), { env: { memory } });
  const bytes = new Uint8Array(memory.buffer, AT);
  return (name) => {
    bytes.fill(0x3a);
    bytes.set(encode(`"${name}":1,"x":"abcdefghijklmnopqrstuvwxyz"}\n`));
    (exports["run"] as KernelRun)(AT + 1, AT + 100, 0, 1, 0, 0);
    return new Int32Array(memory.buffer)[AREAS.row / 4] as number;
  };
}

const ORDERS =
  "l_orderkey l_partkey l_suppkey l_linenumber l_quantity l_extendedprice l_discount l_tax l_returnflag l_linestatus " +
  "l_shipdate l_commitdate l_receiptdate l_shipinstruct l_shipmode l_comment";
/** The most keys at one place. */
const most = (names: string): number =>
  Math.max(...placesOf(names.split(" ").map(encode)).keys.map(({ length }) => length));

describe("keys", () => {
  it("are found by their names, of any length, and no others are", () => {
    const name = fc
      .tuple(
        fc.constantFrom("", "", "a", "column_", "a_long_beginning_", "é"),
        fc.string({ unit: fc.constantFrom(...Array.from("abcé1_")), maxLength: 9 }),
        fc.constantFrom("", "", "_x", "_and_a_long_end"),
      )
      .map((parts) => parts.join(""));
    fc.assert(
      fc.property(fc.uniqueArray(name, { minLength: 1, maxLength: 40 }), fc.array(name), (names, others) => {
        const find = finderOf(names);
        expect(names.map(find)).toEqual([...names.keys()]);
        const all = [...others, ...names.map((one) => one.slice(0, -1)), ...names.map((one) => `${one}1`)];
        expect(all.map(find)).toEqual(all.map((one) => names.indexOf(one)));
      }),
      { numRuns: 60 },
    );
  });

  it("have each a place of their own where their first bytes differ, the third or the eighth too", () => {
    expect(most("type eid auction bidder price channel url dateTime extra id name seller")).toBe(1);
    expect(most("x aab aac aad aae aaf")).toBe(1);
    expect(most("aaab aaac aaad aaae aaaf aaag aaah aaai")).toBe(1);
    expect(most("aaaaaaaa aaaaaaab aaaaaaac aaaaaaad aaaaaaae")).toBe(1);
    expect(placesOf(["type", "auction"].map(encode)).window).toEqual({ at: 0, bytes: 4 });
  });

  it("are told apart where they differ, if they begin alike", () => {
    expect(most("customer_name customer_street customer_city_ customer_phone")).toBe(1);
    const halves = [
      "customer_aaaa1",
      "customer_aaaa2",
      "customer_baaa1",
      "customer_baaa2",
      "customer_baaa2a",
    ];
    expect(placesOf(halves.map(encode)).window?.bytes).toBe(8);
    expect(halves.map(finderOf(halves))).toEqual([...halves.keys()]);
    expect(placesOf(ORDERS.split(" ").map(encode)).window).toEqual({ at: 1, bytes: 4 });
    expect(most(ORDERS)).toBe(3);
  });

  it("are told apart by all their bytes, where too many of those that all have are alike", () => {
    const short = "k k_name k_length k_size_of_it k_age k_number";
    expect(placesOf(short.split(" ").map(encode)).window).toBeUndefined();
    expect(most(short)).toBe(1);
    expect(most("value_1 value_10 value_100 value_1000 value_10000 value_100000")).toBe(1);
    expect(most(Array.from({ length: 200 }, (_, i) => `measurement_${i}`).join(" "))).toBeLessThanOrEqual(2);
  });
});
