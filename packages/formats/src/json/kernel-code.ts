import { endRecord, recordsModule } from "../kernel/records.ts";
import { literal } from "../kernel/tokens.ts";
import type { Variables } from "../kernel/variables.ts";
import { RETURN } from "../line-ends.ts";
import { block, br, get, set, v128 } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import type { OneFunctionModule } from "@df/core/wasm/module";
import { absent, CALLED, value } from "./kernel-columns.ts";
import type { KernelColumns } from "./kernel-columns.ts";
import type { Branch, EndBranch } from "./kernel-tree.ts";

/** What a kernel for layouts is made for. */
export interface KernelPlan extends KernelColumns {
  /** The layouts it knows. */
  readonly tree: readonly Branch[];
}

/**
 * The module whose function reads lines of known layouts into rows, up to the first line that is of none, or for
 * which there is no room; it gives the address of that line. It consists of numbers and addresses, and holds nothing
 * that a user wrote but the bytes of keys.
 */
export function kernelModule(plan: KernelPlan): OneFunctionModule {
  return recordsModule(CALLED, (on) => plan.tree.map((one) => branch(on, plan, one)));
}

/** Goes through a branch if its literal stands here. Where the line goes on in no known way it is given up. */
function branch(on: Variables, plan: KernelPlan, one: Branch): Code {
  const isAscii = one.literal.every((byte) => byte < 0x80);
  return block(
    "other",
    literal(on, one.literal, "other"),
    isAscii ? [] : set(on.seen, v128.or(get(on.seen), v128.splat(0x80))),
    "next" in one
      ? [
          value(on, plan, { field: one.field, kinds: [one.kind], behind: firstBytes(one.next) }),
          one.next.map((next) => branch(on, plan, next)),
          br("stop"),
        ]
      : lineEnd(on, plan, one),
  );
}

function firstBytes(next: readonly Branch[]): ReadonlySet<number> {
  return new Set(next.map(({ literal: bytes }) => bytes[0] as number));
}

/** Ends a row, and goes on with the next line. */
function lineEnd(on: Variables, plan: KernelPlan, { literal: bytes, present }: EndBranch): Code {
  const { map, wanted, fields, recordBytesMax } = plan;
  const names = new Set([...present].map((field) => fields[field]?.name));
  const missing = [...wanted.keys()].filter((column) => !names.has(wanted[column]?.name));
  return [
    absent(on, plan, missing),
    endRecord(on, { map, endBytes: bytes.at(-2) === RETURN ? 2 : 1, recordBytesMax }),
  ];
}
