import { DataflowError } from "./error.ts";

/**
 * Refuses a value of an option that is none of those there are: nobody has checked it where types were stripped.
 * `what` names the option and where it stands.
 * @throws DF_OPTION with the value and those there are
 */
export function checkOneOf<Allowed extends string | boolean>(
  value: unknown,
  allowed: readonly Allowed[],
  what: string,
): asserts value is Allowed {
  if (allowed.some((each) => each === value)) return;
  const words = allowed.map((each) => JSON.stringify(each));
  const [last] = words.splice(-1);
  const all = words.length === 0 ? last : `${words.join(", ")} or ${last}`;
  throw new DataflowError("DF_OPTION", `${what} is ${valueInWords(value)}; it may be ${all}.`);
}

/** A value as a message shows it: what is large or has no text is called by its kind. */
export function valueInWords(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" && value !== null ? "an object" : String(value);
}

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
