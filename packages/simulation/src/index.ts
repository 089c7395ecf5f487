export { type History, simulate } from "./simulation.ts";
export { Violation } from "./verdict.ts";
