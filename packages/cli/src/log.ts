import { destination, pino, type Logger } from "pino";

/** Writes JSON lines to standard error, so that standard output carries only results. `DATAFLOW_LOG` is the level. */
export const log: Logger = pino(
  { level: process.env["DATAFLOW_LOG"] ?? "warn" },
  destination({ dest: 2, sync: true }),
);
