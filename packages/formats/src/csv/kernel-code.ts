import type { Field } from "@df/core";
import type { ColumnAddresses, KernelMap } from "../kernel/memory.ts";
import { endRecord, isThere, nulled, recordsModule } from "../kernel/records.ts";
import { isByte, isOneOf, literal, step } from "../kernel/tokens.ts";
import { readBare } from "../kernel/values.ts";
import type { Variables } from "../kernel/variables.ts";
import { NEWLINE, RETURN } from "../line-ends.ts";
import { block, br, brIf, call, get, i32, set, tee, when } from "@df/core/wasm/code";
import type { Code } from "@df/core/wasm/code";
import type { OneFunctionModule, Signature } from "@df/core/wasm/module";
import type { Dialect } from "./fields.ts";
import { readText, skipField } from "./kernel-text.ts";

const COLON = 0x3a;

/** What a kernel is made for. */
export interface KernelPlan {
  /** For each field of a record the column that is read from it, −1 where none is. */
  readonly columns: readonly number[];
  /** Columns that are read; those that no field has are null. */
  readonly wanted: readonly Field[];
  readonly dialect: Dialect;
  /** What stands, unquoted, for null. */
  readonly nulls: Uint8Array;
  readonly recordBytesMax: number;
  readonly map: KernelMap;
}

const READ: Signature = { params: ["i32", "i32", "i32"], results: ["i32"] };
const ALLOWS: Signature = { params: ["i32", "i32", "i32"], results: ["i32"] };
/** Indexes of the functions below, in their order. */
const CALLS = { read: 0, allows: 1 } as const;

/**
 * The module whose function reads records of these fields into rows, up to the first one that has not their number, is
 * not complete, too long or no CSV, or holds a value that is to be refused, or for which there is no room; it gives the
 * address of that record.
 *
 * It calls `read(column, address, row)` for fields out of the ordinary; it gives the address of what ends the field, or
 * −1 where the record is to be given up. `allows(column, start, end)` says whether a text may stand in a column.
 */
export function kernelModule(plan: KernelPlan): OneFunctionModule {
  const { columns, dialect } = plan;
  const last = columns.length - 1;
  return recordsModule({ read: READ, allows: ALLOWS }, (on) =>
    columns.map((column, place) => [
      fieldOf(on, plan, { column, behind: place < last ? [dialect.delimiter] : [NEWLINE, RETURN] }),
      place < last ? between(on, dialect) : recordEnd(on, plan),
    ]),
  );
}

interface Place {
  readonly column: number;
  /** What may stand behind the field. */
  readonly behind: readonly number[];
}

/** Goes to what ends the field, reading it if it is wanted. */
function fieldOf(on: Variables, plan: KernelPlan, place: Place): Code {
  const { p, s, row } = on;
  const { column } = place;
  const wanted = plan.wanted[column];
  if (wanted === undefined) return skipField(on, plan.dialect);
  const isText = wanted.type.kind === "string";
  return block(
    "value",
    set(s, get(p)),
    readNull(on, plan, wanted, place),
    block("odd", isText ? wantedText(on, plan, wanted, column) : wantedBare(on, plan, wanted, place)),
    brIf("stop", i32.lt_s(tee(p, call(CALLS.read, i32.const(column), get(s), get(row))), i32.const(0))),
  );
}

/** Reads a null, and leaves the block "value"; where the column has none, whoever reads any field says why. */
function readNull(on: Variables, plan: KernelPlan, field: Field, { column, behind }: Place): Code {
  const { p, s } = on;
  const { nulls } = plan;
  const whenNull = field.nullable ? [nulled(on, field, addressesOf(plan, column)), br("value")] : br("stop");
  const isEnd = isOneOf(on, behind);
  if (nulls.length === 0) return when(isEnd, whenNull);
  return [
    block("no null", literal(on, nulls, "no null"), brIf("no null", i32.eqz(isEnd)), whenNull),
    set(p, get(s)),
  ];
}

/** Reads text without doubled quotes, and leaves the block "value"; leaves the block "odd" at others. */
function wantedText(on: Variables, plan: KernelPlan, field: Field, column: number): Code {
  const addresses = addressesOf(plan, column);
  const values = field.type.kind === "string" ? field.type.values : undefined;
  const isAllowed = (start: Code, end: Code): Code => call(CALLS.allows, i32.const(column), start, end);
  return readText(on, plan.dialect, {
    addresses,
    taken: [isThere(on, field, addresses), br("value")],
    values,
    isAllowed,
  });
}

/** Reads what is common of another type, also in quotes, and leaves the block "value"; goes on behind this code else. */
function wantedBare(on: Variables, plan: KernelPlan, field: Field, { column, behind }: Place): Code {
  const { quoted } = on;
  const { quote, delimiter } = plan.dialect;
  const addresses = addressesOf(plan, column);
  // A time would be read over the end of the field.
  if (delimiter === COLON && isTime(field)) return [];
  return [
    set(quoted, i32.const(0)),
    // A branch that is foreseen does not wait for the byte, as adding it would.
    when(isByte(on, quote), set(quoted, i32.const(1)), step(on, 1)),
    readBare(on, field.type, {
      addresses,
      behind: new Set([...behind, quote]),
      taken: [
        when(get(quoted), brIf("odd", i32.eqz(isByte(on, quote))), step(on, 1)),
        isThere(on, field, addresses),
        br("value"),
      ],
    }),
  ];
}

function isTime({ type }: Field): boolean {
  return type.kind === "timestamp" && type.json === "iso";
}

/** Goes over the delimiter. */
function between(on: Variables, { delimiter }: Dialect): Code {
  return [brIf("stop", i32.eqz(isByte(on, delimiter))), step(on, 1)];
}

/** Goes over the line's end and makes a row. */
function recordEnd(on: Variables, plan: KernelPlan): Code {
  const { map, recordBytesMax, columns, wanted } = plan;
  const absent = wanted.map((field, column) =>
    columns.includes(column) ? [] : nulled(on, field, addressesOf(plan, column)),
  );
  return [
    absent,
    when(
      isByte(on, RETURN),
      brIf("stop", i32.eqz(isByte(on, NEWLINE, 1))),
      step(on, 2),
      endRecord(on, { map, endBytes: 2, recordBytesMax }),
    ),
    brIf("stop", i32.eqz(isByte(on, NEWLINE))),
    step(on, 1),
    endRecord(on, { map, endBytes: 1, recordBytesMax }),
  ];
}

function addressesOf({ map }: KernelPlan, column: number): ColumnAddresses {
  return map.columns[column] as ColumnAddresses;
}
