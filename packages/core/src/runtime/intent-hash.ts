import { createHash } from "node:crypto";
import type { Marker, Staged } from "../connector.ts";
import { canonicalJson, type Json } from "../json.ts";

/** SHA-256 of everything an intent decides: equal hashes mean that the same rows became visible in the same files. */
export function intentHash(sink: string, marker: Omit<Marker, "hash">, staged: Staged): string {
  const decided: Json = { sink, ...marker, manifest: staged.manifest };
  return createHash("sha256").update(canonicalJson(decided)).digest("hex");
}
