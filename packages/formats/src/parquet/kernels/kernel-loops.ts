/** The loops of a chunk by WebAssembly. */
import type { Column, Field, TextColumn } from "@df/core";
import { ByteSink } from "../../byte-sink.ts";
import { usableWasm, whereThereIsRoom } from "@df/core/wasm/usable";
import { moduleBytes } from "@df/core/wasm/module";
import type { Wasm, WasmFunction } from "@df/core/wasm/module";
import type { Bounds } from "../bounds.ts";
import type { Dictionary, DictionaryLimits } from "../dictionary.ts";
import { distinctLimit } from "../dictionary.ts";
import { PLAIN_LOOPS } from "../loops.ts";
import type { ChunkLoops } from "../loops.ts";
import { textSize } from "../plain.ts";
import type { Int32Values, Int64Values, TextValues, Values } from "../values.ts";
import { int64BoundsKernel, textBoundsKernel } from "./bounds-code.ts";
import { intDictionaryKernel, textDictionaryKernel } from "./dictionary-code.ts";
import { hybridKernel } from "./hybrid-code.ts";
import { EncodeMemory, KERNEL_LIMITS } from "./memory.ts";
import { snappyKernel } from "./snappy-code.ts";
import { longsKernel, plainTextsKernel, presentKernel, textsKernel } from "./values-code.ts";

type Run = (...addressesAndCounts: readonly number[]) => number;

const KERNELS = {
  present1: () => presentKernel(0),
  present4: () => presentKernel(2),
  present8: () => presentKernel(3),
  longs: longsKernel,
  texts: textsKernel,
  plainTexts: plainTextsKernel,
  codes4: () => intDictionaryKernel(2),
  codes8: () => intDictionaryKernel(3),
  textCodes: textDictionaryKernel,
  int64Bounds: int64BoundsKernel,
  textBounds: textBoundsKernel,
  levels: () => hybridKernel(0),
  hybrid: () => hybridKernel(2),
  snappy: snappyKernel,
} as const satisfies Readonly<Record<string, () => WasmFunction>>;
type Name = keyof typeof KERNELS;

/** The loops of a thread, with memory of their own; undefined where there is no WebAssembly, or no room for it. */
export function kernelLoops(): ChunkLoops | undefined {
  const wasm = usableWasm();
  return wasm && whereThereIsRoom(() => loopsIn(wasm, new EncodeMemory(wasm)));
}

function loopsIn(wasm: Wasm, memory: EncodeMemory): ChunkLoops {
  const made = new Map<Name, Run>();
  const run = (name: Name, ...given: readonly number[]): number => {
    let kernel = made.get(name);
    if (kernel === undefined) {
      const module = new wasm.Module(moduleBytes({ imports: {}, run: KERNELS[name]() }));
      kernel = new wasm.Instance(module, { env: { memory: memory.memory } }).exports["run"] as Run;
      made.set(name, kernel);
    }
    return kernel(...given);
  };
  const loops = new KernelLoops(memory, run);
  return {
    presentValues: (...given) => loops.presentValues(...given),
    codesOf: (...given) => loops.codesOf(...given),
    boundsOf: (...given) => loops.boundsOf(...given),
    writePlain: (...given) => loops.writePlain(...given),
    writeHybrid: (...given) => loops.writeHybrid(...given),
    compressSnappy: (...given) => loops.compressSnappy(...given),
    sinks: () => loops.sinks(),
  };
}

/** Does in the memory of kernels what lies there, or fits; all else is left to the loops in JavaScript. */
class KernelLoops {
  readonly #memory: EncodeMemory;
  readonly #run: (name: Name, ...given: readonly number[]) => number;

  constructor(memory: EncodeMemory, run: (name: Name, ...given: readonly number[]) => number) {
    this.#memory = memory;
    this.#run = run;
  }

  presentValues(field: Field, column: Column, start: number, end: number): Values {
    const taken = end - start > KERNEL_LIMITS.rows ? undefined : this.#take(field, column, start, end);
    // Also what is to be refused: there it is said why.
    return taken ?? PLAIN_LOOPS.presentValues(field, column, start, end);
  }

  #take(field: Field, column: Column, start: number, end: number): Values | undefined {
    const rows = end - start;
    const memory = this.#memory;
    const at = memory.address("values");
    switch (column.layout) {
      case "bool":
        return undefined;
      case "int": {
        memory.ints(at, rows).set(column.values.subarray(start, end));
        const count = this.#present("present4", at, column, start, end);
        return { kind: "int32", count, values: memory.ints(at, count) };
      }
      case "double":
      case "long": {
        const isDouble = column.layout === "double" && field.type.kind !== "timestamp";
        // Nothing is done to them: they are read where they are.
        if (isDouble && column.validity === undefined) return undefined;
        const { values } = column;
        if (values instanceof BigInt64Array) memory.longs(at, rows).set(values.subarray(start, end));
        else memory.doubles(at, rows).set(values.subarray(start, end));
        const count = this.#present("present8", at, column, start, end);
        if (isDouble) return { kind: "double", count, values: memory.doubles(at, count) };
        if (values instanceof Float64Array && this.#run("longs", at, count) < count) return undefined;
        return { kind: "int64", count, values: memory.ints(at, count * 2) };
      }
      case "text":
        return this.#takeTexts(column, start, end);
    }
  }

  #takeTexts(column: TextColumn, start: number, end: number): TextValues | undefined {
    const memory = this.#memory;
    const base = column.starts[start] as number;
    const size = (column.ends[end - 1] as number) - base;
    if (size < 0 || size > KERNEL_LIMITS.textBytes) return undefined;
    const startsAt = memory.address("values");
    const endsAt = startsAt + KERNEL_LIMITS.rows * 4;
    memory.ints(startsAt, end - start).set(column.starts.subarray(start, end));
    memory.ints(endsAt, end - start).set(column.ends.subarray(start, end));
    // Slices may lie in any order, but seldom do.
    if (this.#run("texts", startsAt, endsAt, end - start, base, size) === 0) return undefined;
    const bytes = memory.area("text");
    bytes.set(column.bytes.subarray(base, base + size));
    this.#present("present4", startsAt, column, start, end);
    const count = this.#present("present4", endsAt, column, start, end);
    return {
      kind: "text",
      count,
      starts: memory.ints(startsAt, count),
      ends: memory.ints(endsAt, count),
      bytes,
      view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength),
    };
  }

  /** Leaves of the values at an address those that are not null, and says how many. */
  #present(
    name: "present4" | "present8",
    at: number,
    { validity }: Column,
    start: number,
    end: number,
  ): number {
    if (validity === undefined) return end - start;
    const flags = this.#memory.area("validity");
    flags.set(validity.subarray(start, end));
    return this.#run(name, at, flags.byteOffset, end - start);
  }

  codesOf(values: Int32Values | Int64Values | TextValues, limits: DictionaryLimits): Dictionary | undefined {
    const distinctMax = distinctLimit(values, limits);
    if (!this.#has(values) || distinctMax > KERNEL_LIMITS.dictionaryValues)
      return PLAIN_LOOPS.codesOf(values, limits);
    return values.kind === "text"
      ? this.#textCodes(values, distinctMax, limits)
      : this.#intCodes(values, distinctMax);
  }

  #intCodes(values: Int32Values | Int64Values, distinctMax: number): Dictionary | undefined {
    const memory = this.#memory;
    const [codes, table, distinct] = [
      memory.address("codes"),
      memory.address("table"),
      memory.address("distinct"),
    ];
    const isInt32 = values.kind === "int32";
    const { count } = values;
    const from = values.values.byteOffset;
    const found = this.#run(isInt32 ? "codes4" : "codes8", from, count, distinctMax, codes, table, distinct);
    if (found < 0) return undefined;
    const distinctValues = memory.ints(distinct, isInt32 ? found : found * 2);
    return {
      distinct: { kind: values.kind, count: found, values: distinctValues },
      codes: memory.ints(codes, count),
    };
  }

  #textCodes(values: TextValues, distinctMax: number, limits: DictionaryLimits): Dictionary | undefined {
    const memory = this.#memory;
    const { count, bytes, view } = values;
    const [codes, starts] = [memory.address("codes"), memory.address("distinct")];
    const ends = starts + KERNEL_LIMITS.dictionaryValues * 4;
    const areas = [codes, memory.address("table"), starts, ends, memory.address("hashes")];
    const found = this.#run(
      "textCodes",
      ...placesOf(values),
      limits.dictionaryBytes,
      count,
      distinctMax,
      ...areas,
    );
    if (found < 0) return undefined;
    const distinct = { starts: memory.ints(starts, found), ends: memory.ints(ends, found), bytes, view };
    return { distinct: { kind: "text", count: found, ...distinct }, codes: memory.ints(codes, count) };
  }

  boundsOf(values: Values): Bounds | undefined {
    const isTaken = (values.kind === "int64" || values.kind === "text") && values.count > 0;
    if (!isTaken || !this.#has(values)) return PLAIN_LOOPS.boundsOf(values);
    const result = this.#memory.address("result");
    if (values.kind === "int64") {
      this.#run("int64Bounds", values.values.byteOffset, values.count, result);
      const [min = 0n, max = 0n] = this.#memory.longs(result, 2);
      return { min, max, hasNaN: false };
    }
    this.#run("textBounds", ...placesOf(values), values.count, result);
    const [min = 0, max = 0] = this.#memory.ints(result, 2);
    // A copy: the memory is used again.
    const textAt = (i: number): Uint8Array => values.bytes.slice(values.starts[i], values.ends[i]);
    return { min: textAt(min), max: textAt(max), hasNaN: false };
  }

  writePlain(values: Values, start: number, end: number, out: ByteSink): void {
    if (values.kind !== "text" || !this.#has(values)) return PLAIN_LOOPS.writePlain(values, start, end, out);
    out.reserve(textSize(values, start, end));
    if (!this.#memory.has(out.bytes)) return PLAIN_LOOPS.writePlain(values, start, end, out);
    out.length = this.#behind(out, this.#run("plainTexts", ...placesOf(values), start, end, addressOf(out)));
  }

  writeHybrid(
    values: Int32Array | Uint8Array,
    range: { readonly start: number; readonly end: number },
    width: number,
    out: ByteSink,
  ): void {
    const { start, end } = range;
    const rows = end - start;
    const isLevels = values instanceof Uint8Array;
    if (rows > KERNEL_LIMITS.rows || (!isLevels && !this.#memory.has(values)))
      return PLAIN_LOOPS.writeHybrid(values, range, width, out);
    // For each run at most 12 bytes more than for bits.
    out.reserve(Math.ceil(rows / 8) * width + Math.ceil(rows / 32) * 12 + 16);
    if (!this.#memory.has(out.bytes)) return PLAIN_LOOPS.writeHybrid(values, range, width, out);
    let at = values.byteOffset + start * values.BYTES_PER_ELEMENT;
    if (isLevels) {
      const flags = this.#memory.area("validity");
      flags.set(values.subarray(start, end));
      at = flags.byteOffset;
    }
    const behind = at + rows * values.BYTES_PER_ELEMENT;
    const to = this.#run(isLevels ? "levels" : "hybrid", at, behind, width, addressOf(out));
    out.length = this.#behind(out, to);
  }

  compressSnappy(source: ByteSink, out: ByteSink): void {
    const memory = this.#memory;
    if (!memory.has(source.bytes) || !memory.has(out.bytes)) return PLAIN_LOOPS.compressSnappy(source, out);
    out.varint(source.length);
    const { byteOffset } = source.bytes;
    const table = memory.address("snappyTable");
    const to = this.#run("snappy", byteOffset, byteOffset + source.length, addressOf(out), table);
    out.length = this.#behind(out, to);
  }

  sinks(): { readonly page: ByteSink; readonly compressed: ByteSink } {
    const memory = this.#memory;
    return { page: new ByteSink(memory.area("page")), compressed: new ByteSink(memory.area("compressed")) };
  }

  #has(values: Values): boolean {
    return this.#memory.has(values.kind === "text" ? values.starts : values.values);
  }

  /** Bytes of a sink before an address. */
  #behind({ bytes }: ByteSink, address: number): number {
    return address - bytes.byteOffset;
  }
}

/** Where texts begin and end, and their bytes. */
function placesOf({ starts, ends, bytes }: TextValues): readonly [number, number, number] {
  return [starts.byteOffset, ends.byteOffset, bytes.byteOffset];
}

/** Where the next byte of a sink goes. */
function addressOf({ bytes, length }: ByteSink): number {
  return bytes.byteOffset + length;
}
