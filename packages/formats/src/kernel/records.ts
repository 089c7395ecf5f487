/** What kernels have in common: the loop over records, and what makes a row of one. */
import type { Field } from "@df/core";
import { layoutOf, unreachable } from "@df/core";
import { block, br, brIf, f64, get, i32, loop, set, v128 } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import type { OneFunctionModule, Signature } from "@df/core/wasm/module";
import { AREAS } from "./memory.ts";
import type { ColumnAddresses, KernelMap } from "./memory.ts";
import { LOCALS, PARAMS, variables } from "./variables.ts";
import type { Variables } from "./variables.ts";

/** The function of a kernel's module; see `recordsModule`. */
export type KernelRun = (
  at: number,
  end: number,
  row: number,
  rowEnd: number,
  shift: number,
  base: number,
) => number;

/**
 * The module whose function reads records into rows, up to the first one that `record` gives up by leaving the block
 * "stop", or for which there is no room; it gives the address of that record. `record` goes on with "next" behind one
 * that it has read.
 */
export function recordsModule(
  imports: Readonly<Record<string, Signature>>,
  record: (on: Variables) => Code,
): OneFunctionModule {
  const on = variables();
  const { p, line, end, row, rowEnd, seen, constants, others } = on;
  // Says which variables it has.
  const read = record(on);
  return {
    imports,
    run: {
      params: Object.values(PARAMS),
      results: ["i32"],
      locals: [...Object.keys(LOCALS).map((name) => on[name as keyof typeof LOCALS]), ...others.taken],
      body: [
        constants.begin(),
        block(
          "stop",
          loop(
            "next",
            set(line, get(p)),
            brIf("stop", i32.or(i32.ge_s(get(p), get(end)), i32.ge_s(get(row), get(rowEnd)))),
            read,
          ),
        ),
        i32.store(i32.const(0), get(row), AREAS.row),
        i32.store(i32.const(0), v128.bitmask8(get(seen)), AREAS.notAscii),
        get(line),
      ],
    },
  };
}

/** What ends a record, and how long one may be. */
export interface RecordEnd {
  readonly map: KernelMap;
  /** Bytes of the line's end, behind which `p` is. */
  readonly endBytes: number;
  readonly recordBytesMax: number;
}

/** Makes a row of the record from `line` to `p`, and goes on with "next"; leaves the block "stop" if it is too long. */
export function endRecord(on: Variables, { map, endBytes, recordBytesMax }: RecordEnd): Code {
  const { p, line, row, shift, base } = on;
  const four = i32.shl(get(row), i32.const(2));
  const start = i32.add(get(line), get(shift));
  return [
    brIf("stop", i32.gt_s(i32.sub(get(p), get(line)), i32.const(recordBytesMax + endBytes))),
    f64.store(i32.shl(get(row), i32.const(3)), f64.add(get(base), f64.fromI32(start)), map.positions),
    i32.store(four, start, map.starts),
    i32.store(four, i32.add(i32.sub(get(p), i32.const(endBytes)), get(shift)), map.ends),
    set(row, i32.add(get(row), i32.const(1))),
    br("next"),
  ];
}

/** Writes a null into the row. */
export function nulled(
  { row }: Variables,
  { type }: Field,
  { values, ends, validity }: ColumnAddresses,
): Code {
  const layout = layoutOf(type);
  const four = i32.shl(get(row), i32.const(2));
  const isNull = i32.store8(get(row), i32.const(0), validity);
  switch (layout) {
    case "bool":
      return [isNull, i32.store8(get(row), i32.const(0), values)];
    case "int":
      return [isNull, i32.store(four, i32.const(0), values)];
    case "long":
    case "double":
      return [isNull, f64.store(i32.shl(get(row), i32.const(3)), f64.const(0), values)];
    case "text":
      return [isNull, i32.store(four, i32.const(0), values), i32.store(four, i32.const(0), ends)];
    default:
      return unreachable(layout);
  }
}

/** Says that the row has a value in a column, where that is to be said. */
export function isThere({ row }: Variables, { nullable }: Field, { validity }: ColumnAddresses): Code {
  return nullable ? i32.store8(get(row), i32.const(1), validity) : [];
}
