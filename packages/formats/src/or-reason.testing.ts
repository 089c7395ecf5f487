/** The expected part of a reason, if what was found is a reason that has it; else what was found. */
export function orReason(found: unknown, expected: unknown): unknown {
  const isReason = typeof found === "string" && found.startsWith("Column");
  return isReason && typeof expected === "string" && found.includes(expected) ? expected : found;
}
