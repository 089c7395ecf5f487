import type { Field } from "../schema/schema.ts";
import type { ColumnBuilder } from "./builder.ts";

/**
 * Appends a row whose values are all of the simplest form that their columns take; false, and nothing is appended, for
 * any other row, right or wrong.
 */
export type PlainRowWriter = (row: object, into: readonly ColumnBuilder[]) => boolean;

/** What `isPlain` finds of a value `v`, and how `v` is appended to its builder. */
interface PlainValue {
  readonly isPlain: string;
  readonly append: string;
}

/** Whole milliseconds whose microseconds are exact. */
const MILLIS_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 1000);

/** A number makes the text unique: V8 shares type feedback between functions of equal text. */
let made = 0;

/**
 * Generates a writer in which each column is read by its name and checked in place, where `rowWriter` asks of every
 * value what its column is. Undefined where a column has no simple form, and where code may not be generated.
 */
export function compileRowWriter(fields: readonly Field[]): PlainRowWriter | undefined {
  const plain = fields.map((field, i) => plainValue(field, `v${i}`));
  // A name that every object has would be found on its prototype.
  if (plain.includes(undefined) || fields.some(({ name }) => name in Object.prototype)) return undefined;
  const values = plain as readonly PlainValue[];
  const text = `"use strict"; // ${made++}
return (row, into) => {
${values.map((_, i) => `  const v${i} = row[n[${i}]];`).join("\n")}
${values.map(({ isPlain }) => `  if (!(${isPlain})) return false;`).join("\n")}
  let columns = 0;
  for (const _ in row) columns++;
  if (columns !== ${values.length}) return false;
${values.map(({ append }, i) => `  const b${i} = into[${i}]; ${append.replaceAll("into", `b${i}`)};`).join("\n")}
  return true;
};
//# sourceURL=dataflow:///row-writer`;
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- made of indexes and the words in this file only
    const make = new Function("n", text) as (names: readonly string[]) => PlainRowWriter;
    return make(fields.map(({ name }) => name));
  } catch {
    return undefined;
  }
}

function plainValue(field: Field, v: string): PlainValue | undefined {
  const plain = plainPresent(field, v);
  if (plain === undefined || !(field.nullable || field.optional)) return plain;
  return {
    isPlain: `${v} === null || (${plain.isPlain})`,
    append: `if (${v} === null) into.null(); else ${plain.append}`,
  };
}

/** The forms agree with `cellWriter`. */
function plainPresent({ type }: Field, v: string): PlainValue | undefined {
  switch (type.kind) {
    case "bool":
      return { isPlain: `typeof ${v} === "boolean"`, append: `into.number(${v} ? 1 : 0)` };
    case "int32":
      return { isPlain: `typeof ${v} === "number" && (${v} | 0) === ${v}`, append: `into.number(${v} | 0)` };
    case "int64": {
      const number = { isPlain: `Number.isSafeInteger(${v})`, append: `into.number(${v} + 0)` };
      if (type.as === "number") return number;
      return {
        isPlain: `${number.isPlain} || (typeof ${v} === "bigint" && BigInt.asIntN(64, ${v}) === ${v})`,
        append: `if (typeof ${v} === "bigint") into.bigint(${v}); else ${number.append}`,
      };
    }
    case "float64":
      return { isPlain: `typeof ${v} === "number"`, append: `into.number(${v})` };
    case "timestamp":
      return {
        isPlain: `Number.isSafeInteger(${v}) && ${v} <= ${MILLIS_MAX} && ${v} >= -${MILLIS_MAX}`,
        append: `into.number(${v} * 1000 + 0)`,
      };
    case "string":
      if (type.values !== undefined) return undefined;
      return { isPlain: `typeof ${v} === "string" && ${v}.isWellFormed()`, append: `into.string(${v})` };
    case "decimal":
    case "date":
    case "bytes":
    case "json":
      return undefined;
  }
}
