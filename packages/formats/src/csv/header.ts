import { isUtf8 } from "node:buffer";
import type { Schema } from "@df/core";
import { DataflowError } from "@df/core";
import { withNewline } from "../bytes.ts";
import { DOUBLED, Fields } from "./fields.ts";
import type { Dialect } from "./fields.ts";

/** Characters of a header that an error shows. */
const EXCERPT_MAX = 200;

/** Which field of a record each column of the schema is. */
export interface Places {
  /** Fields of every record. */
  readonly count: number;
  /** One a column of the schema; −1 where the header does not have it. */
  readonly fields: readonly number[];
}

/** What a header is read with. */
export interface HeaderOptions {
  readonly schema: Schema;
  readonly dialect: Dialect;
  readonly recordBytesMax: number;
}

/** Without a header the fields are the columns, in their order. */
export function placesInOrder({ fields }: Schema): Places {
  return { count: fields.length, fields: fields.map((_, index) => index) };
}

/**
 * Reads the header, the first line from `at` on that is not empty, and the place behind it. Undefined while it has no
 * line break; `atEnd` it is then checked as far as it goes.
 * @throws DF_CSV_HEADER for one that lacks a column or has it twice, that does not end, or that is no text
 */
export function readHeader(
  bytes: Uint8Array,
  at: number,
  atEnd: boolean,
  options: HeaderOptions,
): { readonly places: Places; readonly end: number } | undefined {
  const fields = new Fields(0, options.dialect);
  fields.begin(bytes);
  let start = at;
  let end = fields.scan(start, 0);
  while (end >= 0 && fields.end === start) {
    start = end;
    end = fields.scan(start, 0);
  }
  const length = (end < 0 ? bytes.length : fields.end) - start;
  // One byte more may be the beginning of CRLF.
  if (length > options.recordBytesMax + (end < 0 ? 1 : 0)) {
    throw refused(`The header is longer than ${options.recordBytesMax} bytes.`);
  }
  if (end >= 0) return { places: placesOf(bytes.subarray(start, end), options), end };
  // Nothing follows it yet, but a file that does not fit is better refused now.
  if (atEnd && length > 0) placesOf(withNewline(bytes.subarray(start)), options);
  return undefined;
}

/** `line` has its line break. */
function placesOf(line: Uint8Array, { schema, dialect }: HeaderOptions): Places {
  const names = namesOf(line, dialect);
  const shown = names.join(String.fromCharCode(dialect.delimiter));
  const header = shown.length > EXCERPT_MAX ? `${shown.slice(0, EXCERPT_MAX)}…` : shown;
  const twice = schema.fields.find(({ name }) => names.indexOf(name) !== names.lastIndexOf(name));
  if (twice !== undefined) {
    throw refused(`The header has the column "${twice.name}" twice: ${header}. Name each column once.`);
  }
  const missing = schema.fields.filter(({ name, optional }) => !optional && !names.includes(name));
  if (missing.length > 0) {
    throw refused(
      `The header has no column ${missing.map(({ name }) => `"${name}"`).join(", ")}: ${header}. ` +
        "Declare what may be absent with .optional(); if the file has no header, set header: false.",
    );
  }
  return { count: names.length, fields: schema.fields.map(({ name }) => names.indexOf(name)) };
}

function namesOf(line: Uint8Array, dialect: Dialect): string[] {
  if (!isUtf8(line)) throw refused("The header is no UTF-8. Convert the file to UTF-8.");
  const counted = new Fields(0, dialect);
  counted.begin(line);
  if (counted.scan(0, 0) < 0) throw refused("The header has a quote that is never closed.");
  const fields = new Fields(counted.count, dialect);
  fields.begin(line);
  fields.scan(0, 0);
  if (fields.fault !== undefined) throw refused(`The header cannot be read: ${fields.fault}.`);
  const quote = String.fromCharCode(dialect.quote);
  return Array.from({ length: fields.width }, (_, field) => {
    const text = Buffer.from(line.subarray(fields.starts[field], fields.ends[field])).toString();
    return fields.forms[field] === DOUBLED ? text.replaceAll(quote + quote, quote) : text;
  });
}

function refused(message: string): DataflowError {
  return new DataflowError("DF_CSV_HEADER", message);
}
