/** What can be done with savepoints. */
export const ACTIONS = ["create", "list", "delete"] as const;

/** One of them. */
export type Action = (typeof ACTIONS)[number];
