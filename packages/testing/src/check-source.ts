/** The contract of sources, checked from outside. */
import { deepStrictEqual } from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { Column, InvalidRecord, Polled, Position, Source, SourceSpec, Split } from "@df/core";
import { assert, BATCH_ROWS_MAX, isNull, layoutOf, pick } from "@df/core";

/** Places to resume from, per split: a long split is resumed from so many of its positions, evenly spread. */
const RESUMES_MAX = 24;

/** How a source is read. */
export interface CheckSourceOptions {
  /** Default: all. */
  readonly columns?: readonly string[] | undefined;
  /** Default: the working directory. */
  readonly directory?: string | undefined;
  /** Records a poll is asked for. Default: `BATCH_ROWS_MAX`; what is resumed is always read with this many or fewer. */
  readonly rowsMax?: number | undefined;
}

/** What a source delivered of one split. */
export interface SplitRows {
  readonly id: string;
  /** One cell per column: null, number, bigint, or text as UTF-8 bytes in hex. */
  readonly rows: readonly (readonly (string | number | bigint | null)[])[];
  readonly positions: readonly number[];
  readonly invalid: readonly { readonly position: number; readonly raw: string; readonly reason: string }[];
}

interface Asked extends SourceSpec {
  readonly rowsMax: number;
}

interface Step {
  readonly found: SplitRows;
  readonly next: Position;
}

/**
 * Reads a source that ends, and returns what it delivered. Asserts of each poll: at most as many records as asked
 * for, columns of the layouts of the schema with an entry for every row, positions in rising order, a next position
 * that JSON keeps, rows that stay as they are until the next poll. Asserts of each next position: reading from it gives
 * exactly the rows that came after it.
 */
export async function checkSource(spec: SourceSpec, options: CheckSourceOptions = {}): Promise<SplitRows[]> {
  const { columns, directory = process.cwd(), rowsMax = BATCH_ROWS_MAX } = options;
  const schema =
    columns === undefined
      ? spec.schema
      : pick(
          spec.schema,
          spec.schema.fields.map(({ name }) => name).filter((name) => columns.includes(name)),
        );
  const source = await spec.open({ schema, follow: false, generate: true, directory, unsafeStateFs: true });
  const asked = { ...spec, schema, rowsMax };
  const resumed = { ...asked, rowsMax: Math.ceil(rowsMax * 0.7) };
  try {
    const found: SplitRows[] = [];
    for (const split of await source.splits()) {
      const steps = await readSteps(source, split, undefined, asked);
      const all = joined(split.id, steps);
      const stride = Math.max(1, Math.ceil(steps.length / RESUMES_MAX));
      for (let i = 0; i < steps.length; i += stride) {
        const { next } = steps[i] as Step;
        const rest = joined(split.id, await readSteps(source, split, next, resumed));
        deepStrictEqual(rest, joined(split.id, steps.slice(i + 1)), `resumed at ${JSON.stringify(next)}`);
      }
      found.push(all);
    }
    return found;
  } finally {
    await source.close();
  }
}

async function readSteps(
  source: Source,
  split: Split,
  position: Position | undefined,
  asked: Asked,
): Promise<Step[]> {
  const reader = source.read(split, position);
  const steps: Step[] = [];
  try {
    for (;;) {
      const polled = await reader.poll(asked.rowsMax);
      if (polled === "end") break;
      if (polled === "idle") {
        assert(asked.history !== "full", `split ${split.id} ends, so it is not idle`);
        continue;
      }
      checkPolled(polled, asked);
      const found = rowsOf(split.id, polled);
      steps.push({ found, next: JSON.parse(JSON.stringify(polled.next)) });
      // What a source does by itself, as reading ahead, must leave alone what it has given.
      await setImmediate();
      deepStrictEqual(rowsOf(split.id, polled), found, "rows changed before the next poll");
    }
    assert((await reader.poll(asked.rowsMax)) === "end", `split ${split.id} has ended, so it stays ended`);
  } finally {
    await reader.close();
  }
  return steps;
}

function checkPolled(polled: Polled, { schema, rows, rowsMax }: Asked): void {
  const { length, columns, positions, raw, diffs } = polled;
  const records = length + polled.invalid.length;
  assert(records <= rowsMax, `a poll has ${records} records, more than ${rowsMax}`);
  assert(columns.length === schema.fields.length, "a poll has one column per field");
  for (const [i, field] of schema.fields.entries()) {
    const column = columns[i] as Column;
    assert(column.layout === layoutOf(field.type), `column ${field.name} has the layout of its type`);
    assert(entriesOf(column) >= length, `column ${field.name} has an entry for every row`);
    assert(
      (column.validity?.length ?? length) >= length,
      `column ${field.name} has a validity for every row`,
    );
  }
  assert((rows === "changes") === (diffs !== undefined), "changes have diffs, and nothing else has");
  for (let row = 1; row < length; row++) {
    assert((positions[row] as number) > (positions[row - 1] as number), "positions rise");
  }
  assert(raw === undefined || raw.starts.length >= length, "raw has an entry for every row");
}

function entriesOf(column: Column): number {
  return column.layout === "text" ? Math.min(column.starts.length, column.ends.length) : column.values.length;
}

function rowsOf(id: string, { length, columns, positions, invalid }: Polled): SplitRows {
  return {
    id,
    rows: Array.from({ length }, (_, row) => columns.map((column) => cellOf(column, row))),
    positions: [...positions.subarray(0, length)],
    invalid: invalid.map(({ position, raw, reason }: InvalidRecord) => ({
      position,
      raw: Buffer.from(raw).toString("hex"),
      reason,
    })),
  };
}

function cellOf(column: Column, row: number): string | number | bigint | null {
  if (isNull(column, row)) return null;
  if (column.layout !== "text") return column.values[row] as number | bigint;
  return Buffer.from(column.bytes.subarray(column.starts[row], column.ends[row])).toString("hex");
}

function joined(id: string, steps: readonly Step[]): SplitRows {
  return {
    id,
    rows: steps.flatMap(({ found }) => found.rows),
    positions: steps.flatMap(({ found }) => found.positions),
    invalid: steps.flatMap(({ found }) => found.invalid),
  };
}
