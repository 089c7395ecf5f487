import { DataflowError, valueInWords } from "@df/core";

/** The columns that an option names, one or several. `what` names the option. @throws DF_OPTION for anything else */
export function columnNames(columns: unknown, what: string): readonly string[] {
  if (typeof columns === "string") return [columns];
  if (Array.isArray(columns) && columns.every((name) => typeof name === "string")) return columns;
  throw new DataflowError(
    "DF_OPTION",
    `${what} is ${valueInWords(columns)}; it may be a column, "id", or a list of columns, ["id", "at"].`,
  );
}
