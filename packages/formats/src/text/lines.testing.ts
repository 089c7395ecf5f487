/** Rows as lines of text, and CSV read back by the letter of RFC 4180, for tests. */
import type { Batch } from "@df/core";
import { ByteSink } from "../byte-sink.ts";
import { lineEncoder } from "./line-encoder.ts";
import type { TextFormat } from "./text-format.ts";

/** The bytes of a file with these rows, from a sink that has to grow all the time. */
export function fileBytes(format: TextFormat, batches: readonly Batch[]): Uint8Array {
  const [first] = batches;
  if (first === undefined) return new Uint8Array(0);
  const lines = lineEncoder(format, first.schema);
  const into = new ByteSink(0);
  into.append(lines.head);
  for (const batch of batches) lines.encode(batch, into);
  return into.slice();
}

/** The same as text. @throws TypeError for bytes that are no UTF-8 */
export function fileText(format: TextFormat, ...batches: readonly Batch[]): string {
  return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(fileBytes(format, batches));
}

/** The fields of each line, character by character; null where nothing stands. */
export function csvFields(text: string): (string | null)[][] {
  const lines: (string | null)[][] = [];
  let fields: (string | null)[] = [];
  for (let at = 0; at < text.length; at++) {
    let field: string | null = null;
    if (text[at] === '"') {
      field = "";
      for (at++; text[at] !== '"' || text[at + 1] === '"'; at++) {
        if (text[at] === undefined) throw new Error("a quote is not closed");
        if (text[at] === '"') at++;
        field += text[at];
      }
      at++;
    } else {
      for (; at < text.length && text[at] !== "," && text[at] !== "\n"; at++) {
        if (text[at] === '"' || text[at] === "\r")
          throw new Error(`${JSON.stringify(text[at])} without quotes`);
        field = (field ?? "") + text[at];
      }
    }
    fields.push(field);
    if (text[at] === ",") {
      // The file may not end here.
      if (at + 1 === text.length) throw new Error("the last line has no end");
      continue;
    }
    if (text[at] !== "\n") throw new Error(`${JSON.stringify(text[at])} follows a field`);
    lines.push(fields);
    fields = [];
  }
  return lines;
}
