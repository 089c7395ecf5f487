/** The text of generated code that reads rows of a batch as lambdas see them, and runs over all of them. */
import { unreachable } from "../assert.ts";
import type { ColumnType } from "../schema/schema.ts";
import type { CellReader } from "./row-reader.ts";
import type { TextReader } from "./text-reader.ts";

/** A column that is read: where it lies in a batch, and how. */
export interface ColumnRead {
  readonly index: number;
  readonly name: string;
  readonly type: ColumnType;
  readonly read: CellReader;
  /** What `read` reads strings with. */
  readonly texts?: TextReader | undefined;
}

/**
 * Says that column i of those that are read is `ci`, its numbers `si`, and where it is null `ni`; of strings, that they
 * lie from `si` to `ei`, and that `ti` looks there. `x` is at hand.
 */
export function columnsCode(reads: readonly ColumnRead[]): string {
  const lines = reads.map(({ index, texts }, i) => {
    const column = `const c${i} = batch.columns[${index}], n${i} = c${i}.validity`;
    if (texts === undefined) return `${column}, s${i} = c${i}.values;`;
    return `${column}, s${i} = c${i}.starts, e${i} = c${i}.ends; t${i}.look(c${i}.bytes);`;
  });
  return [...lines, "let x;"].join("\n");
}

/** An expression: row `row` as an object of its own. It calls readers as `ri` and `ti`. */
export function rowCode(reads: readonly ColumnRead[]): string {
  const cells = reads.map(({ name, type }, i) => {
    const value = `n${i} !== undefined && n${i}[row] === 0 ? null : ${valueCode(type, i)}`;
    return `${keyCode(name)}: ${value}`;
  });
  return `{ ${cells.join(",\n")} }`;
}

/** A name in an object literal. In brackets it is a column; without them it would be the prototype. */
function keyCode(name: string): string {
  return name === "__proto__" ? '["__proto__"]' : JSON.stringify(name);
}

/** A value that is not null: simple ones in place, the others by their reader. */
function valueCode(type: ColumnType, i: number): string {
  switch (type.kind) {
    case "bool":
      return `s${i}[row] !== 0`;
    case "int32":
    case "float64":
      return `s${i}[row]`;
    case "int64":
      if (type.as === "bigint") return `BigInt(s${i}[row])`;
      // A double in a long column is a safe integer.
      return `typeof (x = s${i}[row]) === "number" ? x : r${i}(c${i}, row)`;
    case "timestamp":
      // `millisOf` in place.
      return `(x = Math.floor(s${i}[row] / 1000)) + (s${i}[row] - x * 1000) / 1000`;
    case "string":
      return `t${i}.at(s${i}[row], e${i}[row])`;
    case "decimal":
    case "date":
    case "bytes":
    case "json":
      return `r${i}(c${i}, row)`;
    default:
      return unreachable(type);
  }
}

/** A number makes each text unique: V8 shares type feedback between functions of equal text. */
let made = 0;

/**
 * Makes a function of its text, an expression. `given` is what the text names besides `r0`, `t0`, `r1`, … for the readers;
 * `name` is where debuggers and profilers show it. Undefined where code may not be generated.
 */
export function generated<T>(
  name: string,
  text: string,
  reads: readonly ColumnRead[] = [],
  given: Readonly<Record<string, unknown>> = {},
): T | undefined {
  const readers = reads.flatMap(({ read, texts }, i) => [
    [`r${i}`, read],
    [`t${i}`, texts],
  ]);
  const values = { ...given, ...Object.fromEntries(readers) };
  const body = `"use strict"; // ${made++}\nreturn ${text};\n//# sourceURL=dataflow:///${name}`;
  try {
    // oxlint-disable-next-line typescript/no-implied-eval -- of users it has the names of columns only, as literals
    const make = new Function(...Object.keys(values), body) as (...all: unknown[]) => T;
    return make(...Object.values(values));
  } catch {
    return undefined;
  }
}
