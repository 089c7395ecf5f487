/** Delta Lake tables as a sink: `delta({ path: "./lake/gold" })`. */
export { delta } from "@df/connectors/delta/delta";
export type { DeltaOptions } from "@df/connectors/delta/delta";
