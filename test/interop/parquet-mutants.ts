/** Files of which the footer lies in one place, for the judge of random files to find. */
import type { ColumnType, Schema } from "@df/core";
import { encodeFile } from "@df/formats/parquet/encode-file";
import { USUAL_FORM } from "@df/formats/parquet/file-form";
import type { FileForm } from "@df/formats/parquet/file-form";
import { hyparquetFile } from "@df/formats/parquet/hyparquet-file.testing";
import { rawColumn } from "@df/formats/raw-batch.testing";
import type { RawCell } from "@df/formats/raw-batch.testing";

/** A file with one wrong statistic, and the same rows as another writer has them. */
export interface Mutant {
  /** What is wrong. */
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly other: Uint8Array;
}

/**
 * A value of each type that has bounds, and the byte of its stored form that makes it larger or smaller by least.
 * Numbers have their lowest byte first, or last where a decimal is stored so.
 */
const KINDS: readonly (readonly [ColumnType, RawCell, number, FileForm["decimals"]?])[] = [
  [{ kind: "int32" }, 1_234_567, 0],
  [{ kind: "int64", as: "bigint" }, 1_234_567_890_123n, 0],
  [{ kind: "decimal", precision: 18, scale: 2 }, 1_234_567_890_123n, 0],
  [{ kind: "decimal", precision: 18, scale: 2 }, 1_234_567_890_123n, 7, "fixed"],
  [{ kind: "float64" }, 1234.5678, 0],
  [{ kind: "date" }, 12_345, 0],
  [{ kind: "timestamp", json: "ms" }, 1_234_567_890_123, 0],
  [{ kind: "string" }, "a value", 6],
  [{ kind: "bytes" }, "a value", 6],
];

/** For each type a file with a smallest value too large, one with a largest too small, and one that hides its null. */
export function mutants(): Mutant[] {
  return KINDS.flatMap(([type, value, lowest, decimals = "int64"]) => {
    const schema: Schema = {
      fields: [
        { name: "row", type: { kind: "int32" }, nullable: false, optional: false },
        { name: "c", type, nullable: true, optional: false },
      ],
    };
    const columns = [rawColumn({ kind: "int32" }, [0, 1, 2]), rawColumn(type, [value, null, value])];
    const packed = { rows: 3, columns };
    const other = hyparquetFile(schema, packed);
    const { bytes } = encodeFile(schema, packed, { form: { ...USUAL_FORM, decimals } });
    const kind = decimals === "fixed" ? "fixed decimal" : type.kind;
    const { nullCount, max, min } = statisticsOf(bytes);
    return [
      { name: `${kind}, min`, bytes: changed(bytes, min + lowest, 1), other },
      { name: `${kind}, max`, bytes: changed(bytes, max + lowest, -1), other },
      { name: `${kind}, nulls`, bytes: changed(bytes, nullCount, -2), other },
    ];
  });
}

/**
 * Where the footer has the statistics of the last column. In Thrift's compact protocol: 0x36 and the number of nulls,
 * 0x28 and the largest value behind its length, 0x18 and the smallest.
 */
function statisticsOf(file: Uint8Array): {
  readonly nullCount: number;
  readonly max: number;
  readonly min: number;
} {
  const nulls = Buffer.from(file).lastIndexOf(Buffer.of(0x36, 0x02, 0x28));
  const max = nulls + 4;
  const length = file[nulls + 3] as number;
  return { nullCount: nulls + 1, max, min: max + length + 2 };
}

function changed(file: Uint8Array, at: number, by: number): Uint8Array {
  const copy = file.slice();
  copy[at] = (copy[at] as number) + by;
  return copy;
}
