import { inspect } from "node:util";
import type { Schema } from "../schema/schema.ts";
import type { Batch } from "./batch.ts";
import { rowReader } from "./row-reader.ts";

/**
 * Any value as JSON text, for a person to read: bigints as numbers, beyond 2^53 as text of their digits, bytes in
 * base64. What JSON cannot write is shown as Node shows it.
 */
export function textOf(value: unknown): string {
  try {
    const text = JSON.stringify(value, function (this: Record<string, unknown>, key, shown: unknown) {
      const member = this[key];
      if (typeof member === "bigint")
        return Number.isSafeInteger(Number(member)) ? Number(member) : `${member}`;
      return member instanceof Uint8Array ? Buffer.from(member).toString("base64") : shown;
    }) as string | undefined;
    return text ?? inspect(value);
  } catch {
    return inspect(value);
  }
}

/** A row of a batch as `textOf` writes it, also one with integers that cannot be read as numbers. */
export function rowText(batch: Batch, row: number): string {
  return textOf(rowReader(exact(batch.schema), "all", false)(batch, row));
}

function exact({ fields }: Schema): Schema {
  return {
    fields: fields.map((field) =>
      field.type.kind === "int64" ? { ...field, type: { ...field.type, as: "bigint" as const } } : field,
    ),
  };
}
