export type { History } from "./history.ts";
export { simulate } from "./simulation.ts";
export { Violation } from "./verdict.ts";
