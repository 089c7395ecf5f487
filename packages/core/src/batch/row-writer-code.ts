import { unreachable } from "../assert.ts";
import type { Field } from "../schema/schema.ts";
import { layoutOf, type ColumnBuilder } from "./builder.ts";
import { generated } from "./row-code.ts";

/**
 * Appends a row whose values are all of the simplest form that their columns take; false, and nothing is appended, for
 * any other row, right or wrong.
 */
export type PlainRowWriter = (row: object, into: readonly ColumnBuilder[]) => boolean;

/** Whether a value `v` has the simplest form of its column, and the number or string that is stored of it. */
export interface PlainValue {
  readonly isPlain: string;
  readonly stored: string;
}

/** Milliseconds whose microseconds are exact. */
const MILLIS_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 1000);
const SAFE_MAX = `${Number.MAX_SAFE_INTEGER}n`;

/**
 * Generates a writer in which each column is read by its name and checked in place, where `rowWriter` asks of every
 * value what its column is. Undefined where a column has no simple form, and where code may not be generated.
 */
export function compileRowWriter(fields: readonly Field[]): PlainRowWriter | undefined {
  const plain = plainValues(fields);
  // A name that every object has would be found on its prototype.
  if (plain.includes(undefined) || fields.some(({ name }) => name in Object.prototype)) return undefined;
  const values = (plain as readonly PlainValue[]).map(({ isPlain, stored }, i) => {
    const field = fields[i] as Field;
    const append = `b${i}.${layoutOf(field.type) === "text" ? "string" : "number"}(${stored})`;
    if (!(field.nullable || field.optional)) return { isPlain, append };
    return {
      isPlain: `v${i} === null || (${isPlain})`,
      append: `if (v${i} === null) b${i}.null(); else ${append}`,
    };
  });
  const text = `(row, into) => {
${fields.map(({ name }, i) => `const v${i} = row[${JSON.stringify(name)}];`).join("\n")}
${values.map(({ isPlain }) => `if (!(${isPlain})) return false;`).join("\n")}
let columns = 0;
for (const _ in row) columns++;
if (columns !== ${values.length}) return false;
${values.map(({ append }, i) => `const b${i} = into[${i}]; ${append};`).join("\n")}
return true;
}`;
  return generated("row-writer", text);
}

/** The simplest form of the values of each column, called v0, v1, …; undefined for those that have none. */
export function plainValues(fields: readonly Field[]): readonly (PlainValue | undefined)[] {
  return fields.map((field, i) => plainValue(field, `v${i}`));
}

/** The forms agree with `cellWriter`. */
function plainValue({ type }: Field, v: string): PlainValue | undefined {
  switch (type.kind) {
    case "bool":
      return { isPlain: `typeof ${v} === "boolean"`, stored: `${v} | 0` };
    case "int32":
      return { isPlain: `typeof ${v} === "number" && (${v} | 0) === ${v}`, stored: `${v} | 0` };
    case "int64":
      if (type.as === "number") return { isPlain: `Number.isSafeInteger(${v})`, stored: `${v} + 0` };
      return {
        isPlain: `typeof ${v} === "bigint" ? ${v} <= ${SAFE_MAX} && ${v} >= -${SAFE_MAX} : Number.isSafeInteger(${v})`,
        stored: `Number(${v}) + 0`,
      };
    case "float64":
      return { isPlain: `typeof ${v} === "number"`, stored: v };
    case "timestamp":
      // `microsOfMillis` in place.
      return {
        isPlain: `typeof ${v} === "number" && ${v} <= ${MILLIS_MAX} && ${v} >= -${MILLIS_MAX}`,
        stored: `Math.floor(${v}) * 1000 + Math.floor((${v} - Math.floor(${v})) * 1000 + 0.5) + 0`,
      };
    case "string":
      if (type.values !== undefined) return undefined;
      return { isPlain: `typeof ${v} === "string" && ${v}.isWellFormed()`, stored: v };
    case "decimal":
    case "date":
    case "bytes":
    case "json":
      return undefined;
    default:
      return unreachable(type);
  }
}
