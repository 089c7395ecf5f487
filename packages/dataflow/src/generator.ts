/** Rows made by a function, as a source: the same ones in each run. */
export { generator } from "@df/connectors/generator/generator";
export type { GeneratorOptions } from "@df/connectors/generator/generator";
