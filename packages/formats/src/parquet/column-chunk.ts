/** The rows of one column in one row group, as pages. */
import type { Column, Field } from "@df/core";
import type { Bounds } from "./bounds.ts";
import { codeBits, dictionaryOf } from "./dictionary.ts";
import type { Dictionary, DictionaryLimits } from "./dictionary.ts";
import type { FileBody } from "./file-body.ts";
import { fixedBytes, writeFixed } from "./fixed-decimal.ts";
import { writeRun } from "./hybrid.ts";
import { dictionaryPageHeader, dataPageHeader, ENCODING } from "./page-header.ts";
import { countPresent } from "./values.ts";
import type { TextValues, Values } from "./values.ts";

/** How large the parts of a file become. */
export interface EncodeLimits extends DictionaryLimits {
  readonly rowGroupRows: number;
  /** Bytes of a page before compression; a larger value has a page of its own. */
  readonly pageBytes: number;
}

/** What the footer says of a chunk. Offsets in the file; sizes with the headers of the pages. */
export interface Chunk {
  readonly field: Field;
  readonly rows: number;
  readonly nullCount: number;
  readonly bounds: Bounds | undefined;
  readonly dictionaryOffset: number | undefined;
  readonly dataOffset: number;
  readonly dataPages: number;
  readonly uncompressedBytes: number;
  readonly compressedBytes: number;
}

/** Writes the rows `start .. end)` of a column, at least one. */
export function writeChunk(
  body: FileBody,
  { field, column }: { readonly field: Field; readonly column: Column },
  { start, end }: { readonly start: number; readonly end: number },
  limits: EncodeLimits,
): Chunk {
  const { loops } = body;
  body.beginChunk();
  const values = loops.presentValues(field, column, start, end);
  const dictionary = dictionaryOf(values, limits, loops.codesOf);
  const distinct = dictionary?.distinct ?? values;
  const chunkOffset = body.length;
  let uncompressedBytes = 0;
  if (dictionary !== undefined) {
    writeValues(body, field, distinct, { start: 0, end: distinct.count });
    const headerOf = dictionaryPageHeader(distinct.count);
    uncompressedBytes += body.appendPage(field, headerOf);
  }
  const dataOffset = body.length;
  let dataPages = 0;
  let valueAt = 0;
  for (let row = start; row < end; dataPages++) {
    const rowEnd = pageEnd({ values, dictionary, column, valueAt }, row, end, limits.pageBytes);
    const valueEnd = valueAt + countPresent(column.validity, row, rowEnd);
    if (field.nullable) writeLevels(body, column.validity, row, rowEnd);
    if (dictionary === undefined) writeValues(body, field, values, { start: valueAt, end: valueEnd });
    else writeCodes(body, dictionary, valueAt, valueEnd);
    const encoding = dictionary === undefined ? ENCODING.plain : ENCODING.dictionary;
    uncompressedBytes += body.appendPage(field, dataPageHeader(rowEnd - row, encoding));
    row = rowEnd;
    valueAt = valueEnd;
  }
  return {
    field,
    rows: end - start,
    nullCount: end - start - values.count,
    bounds: loops.boundsOf(distinct),
    dictionaryOffset: dictionary === undefined ? undefined : chunkOffset,
    dataOffset,
    dataPages,
    uncompressedBytes,
    compressedBytes: body.length - chunkOffset,
  };
}

function writeValues(
  { loops, form, page }: FileBody,
  { type }: Field,
  values: Values,
  range: { readonly start: number; readonly end: number },
): void {
  if (type.kind === "decimal" && form.decimals === "fixed" && values.kind === "int64") {
    writeFixed(values, range, fixedBytes(type.precision), page);
  } else loops.writePlain(values, range.start, range.end, page);
}

/** What decides how many rows a page has. */
interface PageContent {
  readonly values: Values;
  readonly dictionary: Dictionary | undefined;
  readonly column: Column;
  /** The first value of the page. */
  readonly valueAt: number;
}

const BITS: Readonly<Record<Exclude<Values["kind"], "text">, number>> = {
  bool: 1,
  int32: 32,
  int64: 64,
  double: 64,
};

/** The end of the page that begins at row `start`: at least one row, and no more than there are. */
function pageEnd(content: PageContent, start: number, end: number, pageBytes: number): number {
  const { values, dictionary, column, valueAt } = content;
  if (dictionary === undefined && values.kind === "text") {
    return textPageEnd(values, valueAt, { validity: column.validity, start, end }, pageBytes);
  }
  const bits =
    dictionary !== undefined ? codeBits(dictionary) : values.kind === "text" ? 0 : BITS[values.kind];
  return Math.min(end, start + Math.max(1, Math.floor((pageBytes * 8) / bits)));
}

function textPageEnd(
  { starts, ends }: TextValues,
  valueAt: number,
  rows: { readonly validity: Uint8Array | undefined; readonly start: number; readonly end: number },
  pageBytes: number,
): number {
  const { validity, start, end } = rows;
  let value = valueAt;
  let bytesLeft = pageBytes;
  for (let row = start; row < end; row++) {
    if (validity !== undefined && validity[row] === 0) continue;
    bytesLeft -= 4 + (ends[value] as number) - (starts[value] as number);
    value++;
    if (bytesLeft < 0 && row > start) return row;
  }
  return end;
}

/** Appends the definition levels of a page: their bytes as int32, then 1 for a value and 0 for null. */
function writeLevels(
  { loops, page }: FileBody,
  validity: Uint8Array | undefined,
  start: number,
  end: number,
): void {
  const sizeAt = page.length;
  page.reserve(4);
  page.length += 4;
  if (validity === undefined) writeRun(1, end - start, 1, page);
  else loops.writeHybrid(validity, { start, end }, 1, page);
  page.view.setUint32(sizeAt, page.length - sizeAt - 4, true);
}

/** Appends the bits of a code as a byte, and codes. */
function writeCodes({ loops, page }: FileBody, dictionary: Dictionary, start: number, end: number): void {
  const width = codeBits(dictionary);
  page.byte(width);
  loops.writeHybrid(dictionary.codes, { start, end }, width, page);
}
