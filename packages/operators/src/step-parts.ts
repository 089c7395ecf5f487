/** Steps as a fingerprint has them, compared. */
import type { InputPart } from "@df/core";

/** Whether two records are equal but for some of their names. */
export function sameBut(a: object, b: object, but: readonly string[]): boolean {
  const text = (record: object): string =>
    JSON.stringify(
      Object.entries(record)
        .filter(([name]) => !but.includes(name))
        .toSorted(([one], [other]) => (one < other ? -1 : 1)),
    );
  return text(a) === text(b);
}

/** A column with its type, as a fingerprint has it. */
export function columnOf({ columns }: Pick<InputPart, "columns">, name: string): string | undefined {
  return columns.find((column) => nameOf(column) === name);
}

/** The name of such a column, which may have blanks: a type has none. */
export function nameOf(column: string): string {
  return column.slice(0, column.lastIndexOf(" "));
}
