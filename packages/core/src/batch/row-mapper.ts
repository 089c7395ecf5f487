import type { Field, Schema } from "../schema/schema.ts";
import type { Batch } from "./batch.ts";
import { layoutOf, type ColumnBuilder } from "./builder.ts";
import { compileRowLoop, type LoopLambda } from "./row-loop.ts";
import { plainValues } from "./row-writer-code.ts";
import { cellWriter, checkDeclared, checkObject, writeNull } from "./row-writer.ts";

/**
 * Makes a new row of each row of a batch, one builder per field, which are empty before.
 * @throws whatever the function throws, and for a row that `rowWriter` refuses; the builders then hold some of the rows
 */
export type RowMapper = (batch: Batch, into: readonly ColumnBuilder[]) => void;

/** What rows are made. */
export interface MapperOptions extends LoopLambda {
  /** The columns of the new rows. */
  readonly output: Schema;
  /** Every column that a row which `lambda` returns may have; "any" where that is not known. */
  readonly returns: readonly string[] | "any";
}

/**
 * Generates what `rowReader`, the function and `rowWriter` do with one row after another, as one loop: numbers go from
 * array to array, and where V8 takes the function in, no row is made. Undefined where code may not be generated.
 */
export function compileRowMapper({ output, returns, ...lambda }: MapperOptions): RowMapper | undefined {
  const { fields } = output;
  const names = fields.map(({ name }) => name);
  // A name that every object has would be found on its prototype.
  if (names.some((name) => name in Object.prototype)) return undefined;
  const declared = new Set(names);
  const isDeclared = returns !== "any" && returns.every((name) => declared.has(name));
  const odd = fields.map((field) => oddWriter(field, declared, names));
  const isText = fields.map(({ type }) => layoutOf(type) === "text");
  const plain = plainValues(fields);
  const numbers = fields.flatMap((_, i) => (isText[i] === true ? [] : [i]));
  const each = [
    'if (typeof result !== "object" || result === null || Array.isArray(result)) checkObject(result, names);',
    ...fields.map(({ name }, i) => `const v${i} = result[${JSON.stringify(name)}];`),
    isDeclared ? "" : countCode(fields.length),
    ...plain.map((value, i) => {
      const writeOdd = `odd${i}(v${i}, row, result, b${i})`;
      if (value === undefined) return `${writeOdd};`;
      const append = isText[i] === true ? `b${i}.string(${value.stored})` : `d${i}[row] = ${value.stored}`;
      return `if (${value.isPlain}) ${append}; else ${writeOdd};`;
    }),
  ];
  const loop = compileRowLoop<readonly ColumnBuilder[]>(lambda, {
    name: "map",
    into: "into",
    before: [
      ...fields.map((_, i) => `const b${i} = into[${i}];`),
      ...numbers.map((i) => `const d${i} = b${i}.room(length);`),
    ].join("\n"),
    each: each.join("\n"),
    given: {
      names,
      declared,
      checkObject,
      checkDeclared,
      ...Object.fromEntries(odd.map((write, i) => [`odd${i}`, write])),
    },
  });
  if (loop === undefined) return undefined;
  return (batch, into) => {
    loop(batch, into);
    for (const i of numbers) (into[i] as ColumnBuilder).placed(batch.length);
  };
}

/** Writes a value that is not of the simplest form of its column, as that of row number `row`. */
type OddWriter = (value: unknown, row: number, object: object, into: ColumnBuilder) => void;

function oddWriter(field: Field, declared: ReadonlySet<string>, names: readonly string[]): OddWriter {
  const write = cellWriter(field.type);
  const isText = layoutOf(field.type) === "text";
  return (value, row, object, into) => {
    // It may have another name.
    if (value === undefined) checkDeclared(object, declared, names);
    if (!isText) into.placed(row);
    if (value === null || value === undefined) writeNull(field, value, into);
    else write(value, into);
  };
}

/** If a row has as many columns as there are, and none is missing, all of them are declared. */
function countCode(columns: number): string {
  return `let columns = 0;
for (const _ in result) columns++;
if (columns !== ${columns}) checkDeclared(result, declared, names);`;
}
