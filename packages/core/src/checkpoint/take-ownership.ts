import { randomUUID } from "node:crypto";
import { DataflowError } from "../error.ts";
import { adoptedBy } from "./adoption.ts";
import { ancestorsOf } from "./ancestors.ts";
import type { MetaTable } from "./meta-table.ts";
import type { Identity } from "./records.ts";

/**
 * Makes a state the caller's, and names it if it is new. To be called within a transaction.
 * @throws DF_STATE_OTHER_PIPELINE
 */
export function takeOwnership(meta: MetaTable, pipeline: string, file: string): Identity {
  if (meta.get("lineage") === undefined) {
    meta.set("pipeline", pipeline);
    meta.set("lineage", randomUUID());
    meta.set("owner", "0");
    meta.set("epoch", "0");
  }
  const owned = meta.get("pipeline") ?? "";
  if (owned !== pipeline) {
    throw new DataflowError(
      "DF_STATE_OTHER_PIPELINE",
      `The state ${file} belongs to pipeline "${owned}", not "${pipeline}". Give this one another --state-dir.`,
    );
  }
  const owner = meta.number("owner") + 1;
  meta.set("owner", owner);
  return {
    pipeline,
    lineage: meta.get("lineage") ?? "",
    ancestors: ancestorsOf(meta),
    adopts: adoptedBy(meta),
    owner,
    epoch: meta.number("epoch"),
    fingerprint: meta.get("fingerprint"),
    drained: meta.get("drained") === "true",
  };
}
