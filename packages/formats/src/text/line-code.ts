import { unreachable } from "@df/core";
import type { Column } from "@df/core";
import type { CellPlan } from "./cell-plan.ts";
import type { CellWriter } from "./cell-writer.ts";
import { writeDecimal, writeDouble, writeInteger, writeJsonDouble, writeTrimmed } from "./digits.ts";
import type { FixedText } from "./fixed-text.ts";
import { Days } from "./moments.ts";
import { textsOf, writeCsvText, writeJsonText } from "./texts.ts";

/**
 * Writes the lines of the rows `from .. to)` of the columns, in which there is room for them, and returns the place
 * behind them. The writers it was made with have begun with these columns.
 */
export type WriteLines = (columns: readonly Column[], out: DataView, at: number, rows: Run) => number;

/** The rows `from .. to)`. */
export interface Run {
  readonly from: number;
  readonly to: number;
}

/** What generated code calls, by the names it has there. */
const WRITE = {
  writeInteger,
  writeDecimal,
  writeTrimmed,
  writeDouble,
  writeJsonDouble,
  writeCsvText,
  writeJsonText,
  textsOf,
};

/**
 * Makes the code that writes lines of one schema, where `CellWriter` asks of every cell what it is: V8 compiles each
 * call for its column alone. Forms that are rare, and wide columns, are left to the writers. Undefined where code may
 * not be generated.
 */
export function compileLines(
  plans: readonly CellPlan[],
  writers: readonly CellWriter[],
  end: FixedText,
): WriteLines | undefined {
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- made of numbers, indexes and the names in this file only
    const make = new Function("write", "writers", "days", codeOf(plans, end)) as (
      write: typeof WRITE,
      writers: readonly CellWriter[],
      days: readonly Days[],
    ) => WriteLines;
    const days = plans.map(() => new Days());
    return make(WRITE, writers, days);
  } catch {
    return undefined;
  }
}

/** A number makes the text unique: V8 shares type feedback between functions of equal text. */
let made = 0;

function codeOf(plans: readonly CellPlan[], end: FixedText): string {
  const columns = plans.map((plan, i) => ({ plan, i, value: valueCode(plan, i) }));
  return `"use strict"; // ${made++}
const { ${Object.keys(WRITE).join(", ")} } = write;
return (columns, out, at, { from, to }) => {
${columns.map((column) => beginCode(column)).join("")}
for (let row = from; row < to; row++) {
${columns.map((column) => cellCode(column)).join("")}${fixedCode(end)}}
return at;
};
//# sourceURL=dataflow:///lines`;
}

/** A column, and the code that writes its value; undefined where its writer does. */
interface Coded {
  readonly plan: CellPlan;
  readonly i: number;
  readonly value: string | undefined;
}

function valueCode({ form, scale }: CellPlan, i: number): string | undefined {
  switch (form) {
    case "int":
    case "long":
      return `writeInteger(out, at, values${i}[row])`;
    case "decimal":
      return `writeDecimal(out, at, values${i}[row], ${scale})`;
    case "trimmed":
      return `writeTrimmed(out, at, values${i}[row], ${scale})`;
    case "double":
      return `writeDouble(out, at, values${i}[row])`;
    case "json double":
      return `writeJsonDouble(out, at, values${i}[row])`;
    case "time":
      return `days[${i}].writeTime(out, at, values${i}[row])`;
    case "csv text":
      return `writeCsvText(out, at, texts${i}, row)`;
    case "json text":
      return `writeJsonText(out, at, texts${i}, row)`;
    case "bool":
    case "date":
    case "csv base64":
    case "json base64":
    case "json value":
      return undefined;
    default:
      return unreachable(form);
  }
}

function beginCode({ plan, i, value }: Coded): string {
  if (value === undefined) return "";
  const begin = `const validity${i} = columns[${i}].validity;\n`;
  if (plan.isText) return `${begin}const texts${i} = textsOf(columns[${i}]);\n`;
  return `${begin}const values${i} = columns[${i}].values, wide${i} = values${i} instanceof BigInt64Array;\n`;
}

function cellCode({ plan, i, value }: Coded): string {
  const byWriter = `at = writers[${i}].write(out, at, row);\n`;
  if (value === undefined) return byWriter;
  const cell = `if (validity${i} !== undefined && validity${i}[row] === 0) {
${fixedCode(plan.absent)}} else {
${fixedCode(plan.before)}at = ${value};
${fixedCode(plan.after)}}
`;
  return plan.isText ? cell : `if (wide${i}) ${byWriter}else ${cell}`;
}

/** As `writeFixed` does it. */
function fixedCode({ words, length }: FixedText): string {
  if (length === 0) return "";
  const stores = Array.from(words, (word, i) => `out.setInt32(at + ${i * 4}, ${word}, true);`);
  return `${stores.join(" ")} at += ${length};\n`;
}
