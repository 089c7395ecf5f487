/** Standard output as a sink: `consoleSink()`. */
export { consoleSink } from "@df/connectors/console/console";
export type { ConsoleSinkOptions } from "@df/connectors/console/console";
