import { DataflowError } from "./error.ts";

/**
 * Refuses options that do not exist, for those who write without types, and since a run strips them.
 * @throws DF_OPTION naming those there are
 */
export function checkOptions(options: unknown, known: readonly string[], verb: string): void {
  if (typeof options !== "object" || options === null) {
    throw new DataflowError(
      "DF_OPTION",
      `${verb} needs its options as an object. There are: ${known.join(", ")}.`,
    );
  }
  const unknown = Object.keys(options).find((name) => !known.includes(name));
  if (unknown === undefined) return;
  throw new DataflowError("DF_OPTION", `${verb} has no option "${unknown}". There are: ${known.join(", ")}.`);
}
