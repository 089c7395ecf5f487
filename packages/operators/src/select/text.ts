/** Text, casts and points in time, row by row. */
import { ColumnBuilder, isNull, reasonOf, typeName, type Column, type ColumnType } from "@df/core";
import { cellReader, cellWriter } from "@df/core/batch/rows";
import type { TruncateUnit } from "./expression.ts";
import {
  bools,
  bothValid,
  expectKind,
  mistyped,
  Refusals,
  unlessAllValid,
  valuesOf,
  type Vector,
} from "./vector.ts";

const STRING: ColumnType = { kind: "string" };
const NUMBER: ColumnType = { kind: "int64", as: "number" };

/** A vector whose value for a row is computed from those of its parts, as a lambda reads them; null if one is null. */
export function perRow(
  parts: readonly Vector[],
  type: ColumnType,
  compute: (...values: readonly unknown[]) => unknown,
): Vector {
  // Exactly: an int64 that is read as a number is refused beyond 2^53.
  const read = parts.map((part) =>
    cellReader(part.type.kind === "int64" ? { kind: "int64", as: "bigint" } : part.type),
  );
  const write = cellWriter(type);
  return {
    type,
    nullable: parts.some(({ nullable }) => nullable),
    evaluate(batch, refusals) {
      const columns = parts.map((part) => part.evaluate(batch, refusals));
      const builder = new ColumnBuilder(type, batch.length);
      for (let row = 0; row < batch.length; row++) {
        if (columns.some((column) => isNull(column, row))) {
          builder.null();
          continue;
        }
        try {
          write(compute(...columns.map((column, i) => read[i]?.(column, row))), builder);
        } catch (thrown) {
          builder.truncate(row);
          builder.null();
          refusals.refuse(row, reasonOf(thrown));
        }
      }
      return builder.take();
    },
  };
}

/** Case by the rules of Unicode, without a language; white space as in JavaScript; length in code points. */
export function textFunction(kind: "lower" | "upper" | "trim" | "length", of: Vector): Vector {
  expectKind(kind, of, "string");
  switch (kind) {
    case "lower":
      return perRow([of], STRING, (text) => String(text).toLowerCase());
    case "upper":
      return perRow([of], STRING, (text) => String(text).toUpperCase());
    case "trim":
      return perRow([of], STRING, (text) => String(text).trim());
    case "length":
      return perRow([of], NUMBER, (text) => Array.from(String(text)).length);
  }
}

/** Joins texts row by row; null if one of them is null. */
export function concat(parts: readonly Vector[]): Vector {
  if (parts.length === 0) mistyped("concat needs at least one part.");
  for (const part of parts) expectKind("concat", part, "string");
  return perRow(parts, STRING, (...texts) => texts.join(""));
}

/** Code points `start` to `start + length`, or to the end. */
export function substring(of: Vector, start: number, length: number | undefined): Vector {
  expectKind("substring", of, "string");
  for (const place of [start, length ?? 0]) {
    if (!Number.isSafeInteger(place) || place < 0) {
      mistyped(`substring counts code points from 0: ${place} is not possible.`);
    }
  }
  const end = length === undefined ? undefined : start + length;
  return perRow([of], STRING, (text) => Array.from(String(text)).slice(start, end).join(""));
}

/** False for null. */
export function startsWith(of: Vector, prefix: string): Vector {
  expectKind("startsWith", of, "string");
  const bytes = Buffer.from(prefix);
  return {
    type: { kind: "bool" },
    nullable: false,
    evaluate(batch, refusals) {
      const column = of.evaluate(batch, refusals);
      const truth = new Uint8Array(batch.length);
      if (column.layout !== "text") return bools(truth);
      for (let row = 0; row < batch.length; row++) {
        const start = column.starts[row] as number;
        const end = Math.min(column.ends[row] as number, start + bytes.length);
        truth[row] = !isNull(column, row) && bytes.equals(column.bytes.subarray(start, end)) ? 1 : 0;
      }
      return bools(truth);
    },
  };
}

/** The value, or where it is null the other one; what the other one refuses counts only there. */
export function orElse(of: Vector, value: Vector): Vector {
  if (typeName(of.type) !== typeName(value.type)) {
    mistyped(`orElse of ${typeName(of.type)} cannot be ${typeName(value.type)}. Use .cast() on one of them.`);
  }
  const isOpen = of.type.kind === "string" && JSON.stringify(of.type) !== JSON.stringify(value.type);
  const type: ColumnType = isOpen ? STRING : of.type;
  return {
    type,
    nullable: value.nullable,
    evaluate(batch, refusals) {
      const own = new Refusals();
      const first = of.evaluate(batch, refusals);
      if (first.validity === undefined) return first;
      const second = value.evaluate(batch, own);
      const builder = new ColumnBuilder(type, batch.length);
      for (let row = 0; row < batch.length; row++) builder.copy(isNull(first, row) ? second : first, row);
      for (const [row, reason] of own.reasons) if (isNull(first, row)) refusals.refuse(row, reason);
      return builder.take();
    },
  };
}

/**
 * Exact, or the row is refused: a fraction does not become an integer, and text must be what the type is written as.
 */
export function cast(of: Vector, to: ColumnType): Vector {
  const from = of.type.kind;
  if (typeName(of.type) === typeName(to) && JSON.stringify(of.type) === JSON.stringify(to)) return of;
  const isNumber = (kind: string): boolean => ["int32", "int64", "decimal", "float64"].includes(kind);
  if (from === "string" && (isNumber(to.kind) || ["bool", "date", "string"].includes(to.kind))) {
    return perRow([of], to, (text) => parsed(String(text), to));
  }
  if (to.kind === "string" && (isNumber(from) || from === "bool" || from === "date")) {
    return perRow([of], to, (value) => String(value));
  }
  if (isNumber(from) && isNumber(to.kind)) return perRow([of], to, (value) => converted(value, to));
  return mistyped(`${typeName(of.type)} cannot be cast to ${typeName(to)}. Use .map() instead.`);
}

function parsed(text: string, to: ColumnType): unknown {
  switch (to.kind) {
    case "int32":
    case "int64":
      if (!/^[+-]?\d+$/.test(text)) throw new TypeError(`"${text}" is no integer`);
      return converted(BigInt(text.replace("+", "")), to);
    case "float64":
      if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?$/.test(text))
        throw new TypeError(`"${text}" is no number`);
      return Number(text);
    case "bool":
      if (text !== "true" && text !== "false") throw new TypeError(`"${text}" is neither true nor false`);
      return text === "true";
    case "decimal":
    case "date":
    case "string":
    case "bytes":
    case "timestamp":
    case "json":
      return text;
  }
}

/** `value` is a bigint, a number or decimal text. */
function converted(value: unknown, to: ColumnType): unknown {
  if (to.kind === "decimal") return typeof value === "number" ? String(value) : value;
  if (to.kind === "float64") {
    const number = Number(value);
    if (typeof value === "bigint" && !Number.isSafeInteger(number)) {
      throw new RangeError(`${value} is beyond 2^53 and no exact float64`);
    }
    return number;
  }
  const integer = wholeOf(value);
  return to.kind === "int32" ? Number(integer) : integer;
}

function wholeOf(value: unknown): bigint {
  if (typeof value === "bigint") return value;
  const [whole = "", fraction = ""] = typeof value === "string" ? value.split(".") : [];
  if (typeof value === "string" && /^0*$/.test(fraction)) return BigInt(whole);
  if (typeof value === "number" && Number.isInteger(value)) return BigInt(value);
  throw new RangeError(`${String(value)} is no integer`);
}

/** `of` plus µs. Beyond 2^53 µs the row is refused. */
export function shift(of: Vector, micros: number): Vector {
  expectKind("plus and minus", of, "timestamp");
  if (!Number.isSafeInteger(micros)) mistyped(`${micros} µs is no whole number of microseconds.`);
  return timeVector(of, (time) => time + micros);
}

const UNIT_MICROS: Readonly<Record<TruncateUnit, number>> = {
  minute: 60_000_000,
  hour: 3_600_000_000,
  day: 86_400_000_000,
};

/** The beginning of the minute, hour or day in UTC. */
export function truncate(of: Vector, to: TruncateUnit): Vector {
  expectKind("truncate", of, "timestamp");
  const unit = UNIT_MICROS[to];
  return timeVector(of, (time) => Math.floor(time / unit) * unit + 0);
}

function timeVector(of: Vector, compute: (time: number) => number): Vector {
  return {
    type: of.type,
    nullable: of.nullable,
    evaluate(batch, refusals) {
      const column = of.evaluate(batch, refusals);
      const { length } = batch;
      const validity = column.validity?.slice(0, length) ?? new Uint8Array(length).fill(1);
      const times = valuesOf(column) as Float64Array;
      const values = new Float64Array(length);
      for (let row = 0; row < length; row++) {
        if (validity[row] === 0) continue;
        const time = compute(times[row] as number);
        if (Number.isSafeInteger(time)) values[row] = time;
        else {
          refusals.refuse(row, "the point in time is not within 2^53 µs of 1970");
          validity[row] = 0;
        }
      }
      return { layout: "double", values, validity: unlessAllValid(validity) };
    },
  };
}

/** Milliseconds between two points in time, with the microseconds as a fraction. */
export function since(of: Vector, earlier: Vector): Vector {
  expectKind("since", of, "timestamp");
  expectKind("since", earlier, "timestamp");
  return {
    type: { kind: "float64" },
    nullable: of.nullable || earlier.nullable,
    evaluate(batch, refusals) {
      const a = of.evaluate(batch, refusals);
      const b = earlier.evaluate(batch, refusals);
      return difference(a, b, batch.length);
    },
  };
}

function difference(a: Column, b: Column, length: number): Column {
  const validity = bothValid(a, b, length);
  const x = valuesOf(a) as Float64Array;
  const y = valuesOf(b) as Float64Array;
  const values = new Float64Array(length);
  for (let row = 0; row < length; row++) {
    if (validity[row] === 1) values[row] = ((x[row] as number) - (y[row] as number)) / 1_000;
  }
  return { layout: "double", values, validity: unlessAllValid(validity) };
}
