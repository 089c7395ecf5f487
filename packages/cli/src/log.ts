import { redacted } from "@df/core/secret/redact";
import { destination, pino, type Logger } from "pino";

/**
 * Writes JSON lines to standard error, so that standard output carries only results. `DATAFLOW_LOG` is the level. The
 * values of secrets are left out.
 */
export const log: Logger = pino(
  { level: process.env["DATAFLOW_LOG"] ?? "warn", hooks: { streamWrite: redacted } },
  destination({ dest: 2, sync: true }),
);
