import { DataflowError } from "../error.ts";
import { classOfUnits, unitsOfClass } from "./size-classes.ts";

/**
 * A file for rows that do not fit memory: the port to the disk. It is no durable state: it belongs to one process,
 * nothing of it is fsynced, and nobody reads it after that process.
 */
export interface ScratchFile {
  /** Writes all bytes. @throws DF_SCRATCH when they cannot be written: the disk is full, the file too large */
  write(bytes: Uint8Array, atBytes: number): void;
  /** Fills all of `into` with what was written there. @throws DF_SCRATCH when it cannot be read */
  read(into: Uint8Array, atBytes: number): void;
  /** Says what is about to be read, so that several reads can wait for the disk at once. Nothing follows from it. */
  ahead(sizeBytes: number, atBytes: number): void;
  /** Gives the disk back. */
  close(): void;
}

/** Places in a scratch file count in such units. */
const UNIT_BYTES = 256;
/** A place is a uint32: 1 TiB. */
const UNITS_MAX = 2 ** 32;

/** Which parts of a scratch file are in use: pieces of any size, with a free list per size class. */
export class ScratchSpace {
  readonly #file: ScratchFile;
  readonly #free: number[][] = [];
  #units = 0;

  constructor(file: ScratchFile) {
    this.#file = file;
  }

  /** Writes a piece; returns its place. @throws DF_SCRATCH */
  put(bytes: Uint8Array): number {
    const sizeClass = sizeClassOf(bytes.length);
    const place = this.#free[sizeClass]?.pop() ?? this.#fresh(unitsOfClass(sizeClass));
    this.#file.write(bytes, place * UNIT_BYTES);
    return place;
  }

  /** Writes a piece over another one, whose place it may keep; returns its place. @throws DF_SCRATCH */
  replace(place: number, sizeBytes: number, bytes: Uint8Array): number {
    if (sizeClassOf(sizeBytes) === sizeClassOf(bytes.length)) {
      this.#file.write(bytes, place * UNIT_BYTES);
      return place;
    }
    this.free(place, sizeBytes);
    return this.put(bytes);
  }

  /** Fills `into` with the beginning of a piece. @throws DF_SCRATCH */
  read(place: number, into: Uint8Array): void {
    this.#file.read(into, place * UNIT_BYTES);
  }

  /** Says that a piece of this size is about to be read. */
  ahead(place: number, sizeBytes: number): void {
    this.#file.ahead(sizeBytes, place * UNIT_BYTES);
  }

  /** Gives a piece of this size back. */
  free(place: number, sizeBytes: number): void {
    (this.#free[sizeClassOf(sizeBytes)] ??= []).push(place);
  }

  close(): void {
    this.#file.close();
  }

  #fresh(units: number): number {
    const place = this.#units;
    if (place + units > UNITS_MAX) {
      throw new DataflowError(
        "DF_SCRATCH",
        `State needs more than ${UNITS_MAX * UNIT_BYTES} bytes of scratch file. Keep less state: shorter windows, a shorter within of dedupe, fewer or shorter keys.`,
      );
    }
    this.#units += units;
    return place;
  }
}

function sizeClassOf(sizeBytes: number): number {
  return classOfUnits(Math.max(1, Math.ceil(sizeBytes / UNIT_BYTES)));
}

/** A scratch file that is memory: for tests and simulations. */
export class MemoryScratchFile implements ScratchFile {
  #bytes: Uint8Array = new Uint8Array(4096);
  readonly #bytesMax: number;

  constructor(bytesMax: number = Number.POSITIVE_INFINITY) {
    this.#bytesMax = bytesMax;
  }

  write(bytes: Uint8Array, atBytes: number): void {
    const end = atBytes + bytes.length;
    if (end > this.#bytesMax)
      throw new DataflowError("DF_SCRATCH", `The scratch file may not grow to ${end} bytes.`);
    if (end > this.#bytes.length) {
      const longer = new Uint8Array(Math.max(end, this.#bytes.length * 2));
      longer.set(this.#bytes);
      this.#bytes = longer;
    }
    this.#bytes.set(bytes, atBytes);
  }

  read(into: Uint8Array, atBytes: number): void {
    into.set(this.#bytes.subarray(atBytes, atBytes + into.length));
  }

  ahead(_sizeBytes: number, _atBytes: number): void {
    // It is all there.
  }

  close(): void {
    this.#bytes = new Uint8Array(0);
  }
}
