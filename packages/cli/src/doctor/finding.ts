import { reasonOf } from "@df/core";

/** What a check has found. "problem": pipelines cannot run so, or can lose what they have stored. */
export interface Finding {
  readonly check: string;
  readonly level: "ok" | "warning" | "problem";
  readonly says: string;
  /** What to do; absent where all is well. */
  readonly remedy?: string;
}

/** All is well. */
export function ok(check: string, says: string): Finding {
  return { check, level: "ok", says };
}

/** Something that will hurt. */
export function warning(check: string, says: string, remedy: string): Finding {
  return { check, level: "warning", says, remedy };
}

/** Something that does not work. */
export function problem(check: string, says: string, remedy: string): Finding {
  return { check, level: "problem", says, remedy };
}

/** What a check finds; where it throws, a problem with what was thrown. */
export async function tried(
  check: string,
  remedy: string,
  look: () => Finding | Promise<Finding>,
): Promise<Finding> {
  try {
    return await look();
  } catch (thrown) {
    return problem(check, reasonOf(thrown), remedy);
  }
}
