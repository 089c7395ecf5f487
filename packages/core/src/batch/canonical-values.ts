/** How single values, and what stands around them, are written in canonical bytes: see `CanonicalCodec`. */
import { unreachable } from "../assert.ts";
import type { ColumnType } from "../schema/schema.ts";
import type { ColumnBuilder } from "./builder.ts";

/** How a value is encoded; several types share one form. */
export type Form = "bool" | "integer" | "double" | "text";

/** The form of a type. */
export function formOf(type: ColumnType): Form {
  switch (type.kind) {
    case "bool":
      return "bool";
    case "int32":
    case "int64":
    case "decimal":
    case "timestamp":
    case "date":
      return "integer";
    case "float64":
      return "double";
    case "string":
    case "bytes":
    case "json":
      return "text";
    default:
      return unreachable(type);
  }
}

/** Before nothing at all. */
export const ABSENT = 0x00;
/** Before a value. */
export const PRESENT = 0x01;
/** Stands after a 0x00 of the text itself; a 0x00 after it ends the text. */
export const ESCAPED = 0xff;
const TWO_32 = 4294967296;

/** Eight bytes: big-endian two's complement with the sign bit flipped. */
export function writeInteger(view: DataView, at: number, value: number | bigint): void {
  if (typeof value === "bigint") {
    view.setBigUint64(at, BigInt.asUintN(64, value) ^ 0x8000000000000000n);
    return;
  }
  const high = Math.floor(value / TWO_32);
  view.setInt32(at, high ^ 0x80000000);
  view.setUint32(at + 4, value - high * TWO_32);
}

/** Appends what `writeInteger` wrote. */
export function readInteger(view: DataView, at: number, builder: ColumnBuilder): void {
  const value = (view.getInt32(at) ^ 0x80000000) * TWO_32 + view.getUint32(at + 4);
  // Beyond 2^53 the number is rounded, and a long column keeps the value as a bigint.
  if (Number.isSafeInteger(value) || builder.layout !== "long") builder.number(value);
  else builder.bigint(BigInt.asIntN(64, view.getBigUint64(at) ^ 0x8000000000000000n));
}

/** Eight bytes that compare as the numbers do; −0 is 0, and all NaN are one. */
export function writeDouble(view: DataView, at: number, value: number): void {
  if (Number.isNaN(value)) {
    view.setUint32(at, 0xfff80000);
    view.setUint32(at + 4, 0);
    return;
  }
  // Adding 0 makes −0 to 0.
  view.setFloat64(at, value + 0);
  const high = view.getInt32(at);
  if (high >= 0) view.setInt32(at, high ^ 0x80000000);
  else {
    view.setInt32(at, ~high);
    view.setInt32(at + 4, ~view.getInt32(at + 4));
  }
}

const eight: DataView = new DataView(new ArrayBuffer(8));

/** What `writeDouble` wrote. */
export function readDouble(view: DataView, at: number): number {
  const high = view.getInt32(at);
  const low = view.getInt32(at + 4);
  eight.setInt32(0, high < 0 ? high ^ 0x80000000 : ~high);
  eight.setInt32(4, high < 0 ? low : ~low);
  return eight.getFloat64(0);
}
