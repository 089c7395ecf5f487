import { redacted } from "@df/core/secret/redact";
import { pino, type Logger } from "pino";

/**
 * Writes JSON lines to standard error, so that standard output carries only results. `DATAFLOW_LOG` is the level. The
 * values of secrets are left out.
 */
export const log: Logger = pino(
  { level: process.env["DATAFLOW_LOG"] ?? "warn", hooks: { streamWrite: redacted } },
  // Through the stream, where the view of a run makes room for it.
  { write: (line) => void process.stderr.write(line) },
);
