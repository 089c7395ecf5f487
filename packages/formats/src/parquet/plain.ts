import { unreachable } from "@df/core";
import type { ByteSink } from "../byte-sink.ts";
import { writeBools } from "./hybrid.ts";
import type { TextValues, Values } from "./values.ts";

/** From this length on a text is copied in one piece, which costs a view of its own. */
const WORDWISE_BYTES_MAX = 256;

/** Appends the values `start .. end)` in Parquet's encoding PLAIN. */
export function writePlain(values: Values, start: number, end: number, out: ByteSink): void {
  switch (values.kind) {
    case "bool":
      return writeBools(values.values, start, end, out);
    case "int32":
    case "double":
      return out.append(memoryOf(values.values, start, end));
    case "int64":
      return out.append(memoryOf(values.values, start * 2, end * 2));
    case "text":
      return writeTexts(values, start, end, out);
    default:
      return unreachable(values);
  }
}

/** The memory of the entries: as every platform that Node runs on here, the format is little-endian. */
function memoryOf(array: Int32Array | Float64Array, start: number, end: number): Uint8Array {
  const size = array.BYTES_PER_ELEMENT;
  return new Uint8Array(array.buffer, array.byteOffset + start * size, (end - start) * size);
}

function writeTexts(values: TextValues, start: number, end: number, out: ByteSink): void {
  const { starts, ends, bytes, view } = values;
  out.reserve(textSize(values, start, end));
  const { bytes: into, view: intoView } = out;
  let to = out.length;
  for (let i = start; i < end; i++) {
    let from = starts[i] as number;
    const textEnd = ends[i] as number;
    intoView.setUint32(to, textEnd - from, true);
    to += 4;
    if (textEnd - from > WORDWISE_BYTES_MAX) {
      into.set(bytes.subarray(from, textEnd), to);
      to += textEnd - from;
      continue;
    }
    for (; from + 4 <= textEnd; from += 4, to += 4) intoView.setInt32(to, view.getInt32(from, true), true);
    for (; from < textEnd; from++) into[to++] = bytes[from] as number;
  }
  out.length = to;
}

/** Bytes of the texts `start .. end)` in this encoding. */
export function textSize({ starts, ends }: TextValues, start: number, end: number): number {
  let size = 0;
  for (let i = start; i < end; i++) size += 4 + (ends[i] as number) - (starts[i] as number);
  return size;
}
