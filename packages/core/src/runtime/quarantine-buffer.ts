import { BATCH_ROWS_MAX, type Batch } from "../batch/batch.ts";
import { ColumnBuilder } from "../batch/builder.ts";
import { rowText } from "../batch/row-text.ts";
import { present } from "../assert.ts";
import { QUARANTINE_SCHEMA } from "../plan/quarantine.ts";
import { redacted } from "../secret/redact.ts";
import { BEGINNING } from "../time.ts";

/** Why and where a record or row was refused. */
export interface Refusal {
  readonly raw: Uint8Array;
  readonly reason: string;
  readonly node: string;
  readonly split: string | undefined;
  readonly position: string | undefined;
}

/** What a refused row takes besides its own bytes and its reason. */
const ROW_BYTES = 128;

/** Collects refused rows as batches of `QUARANTINE_SCHEMA`. */
export class QuarantineBuffer {
  readonly #builders: readonly ColumnBuilder[] = QUARANTINE_SCHEMA.fields.map(
    ({ type }) => new ColumnBuilder(type, 16),
  );
  readonly #full: Batch[] = [];
  /** What it holds, about. */
  bytes = 0;

  add({ raw, reason, node, split, position }: Refusal): void {
    this.bytes += raw.length + 2 * reason.length + ROW_BYTES;
    const [raws, reasons, nodes, splits, positions] = this.#builders;
    present(raws, "column raw").text(raw, 0, raw.length);
    present(reasons, "column reason").string(redacted(reason).toWellFormed());
    present(nodes, "column node").string(node);
    appendText(present(splits, "column split"), split);
    appendText(present(positions, "column position"), position);
    if (present(raws, "column raw").length === BATCH_ROWS_MAX) this.#cut();
  }

  /** The rows so far; the buffer is empty afterwards. */
  take(): Batch[] {
    this.#cut();
    this.bytes = 0;
    return this.#full.splice(0);
  }

  #cut(): void {
    const length = this.#builders[0]?.length ?? 0;
    if (length === 0) return;
    this.#full.push({
      schema: QUARANTINE_SCHEMA,
      length,
      columns: this.#builders.map((builder) => builder.take()),
      change: "append",
      times: new Float64Array(length).fill(BEGINNING),
      clocks: BEGINNING,
    });
  }
}

/** What is known of a row that an operator refuses: the record it came from, or else the row as JSON. */
export function refusalOf(node: string, batch: Batch, row: number, reason: string): Refusal {
  const { origin } = batch;
  const raw =
    origin?.raw === undefined
      ? Buffer.from(rowText(batch, row))
      : origin.raw.bytes.slice(origin.raw.starts[row], origin.raw.ends[row]);
  return {
    raw,
    reason,
    node,
    split: origin?.split,
    position: origin === undefined ? undefined : String(origin.positions[row]),
  };
}

function appendText(builder: ColumnBuilder, text: string | undefined): void {
  if (text === undefined) builder.null();
  else builder.string(text);
}
