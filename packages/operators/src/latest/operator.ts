import {
  BATCH_ROWS_MAX,
  pick,
  present,
  type Batch,
  type Operator,
  type OperatorContext,
  type Output,
  type Progress,
  type Schema,
} from "@df/core";
import { batchByName } from "../kept-rows/batch-by-name.ts";
import { type Change, rowsByFunction } from "../kept-rows/by-function.ts";
import { Cursor } from "../outputs/cursor.ts";
import type { Emission } from "../outputs/pending.ts";
import { bringLatest } from "./bring.ts";
import { valueColumns } from "./held-columns.ts";
import type { LatestOptions } from "./latest.ts";
import { Results } from "./results.ts";
import { LatestRows } from "./rows.ts";

/** Opens the work of `latest()`: a table with the latest row of each group. */
export function openLatest(options: LatestOptions, context: OperatorContext): Operator {
  return new Latest(options, context);
}

class Latest implements Operator {
  readonly #context: OperatorContext;
  readonly #rows: LatestRows;
  readonly #results: Results;
  readonly #cursor: Cursor = new Cursor();
  readonly #offsets: Int32Array = new Int32Array(BATCH_ROWS_MAX);

  constructor(options: LatestOptions, context: OperatorContext) {
    const { schema } = present(context.inputs[0], "the input of latest()");
    this.#context = context;
    const table = context.state.table("latest", {
      key: pick(schema, options.group),
      value: valueColumns(options, schema),
      bring: bringLatest(options, schema, this.#change(schema)),
    });
    this.#rows = new LatestRows(options, schema, table);
    const output = present(context.outputs[0], "the output of latest()");
    this.#results = new Results(table, output, this.#rows.columns);
    // What the table behind shows may mean something else now.
    if (context.migration !== undefined) this.#rows.changeAll();
  }

  /** How rows that were stored become rows of now. */
  #change(schema: Schema): Change {
    const { migration, nodeId } = this.#context;
    if (migration !== undefined) return rowsByFunction(migration, schema, nodeId);
    return (batch) => batchByName(batch, schema);
  }

  onBatch(batch: Batch): Progress {
    this.#rows.take(batch);
    this.#context.count("folded", batch.length);
    return "done";
  }

  flush(out: Output): Progress {
    return this.#cursor.begin(this.#changes(), out);
  }

  resume(out: Output): Progress {
    return this.#cursor.resume(out);
  }

  gauges(): Readonly<Record<string, number>> {
    return { groups: this.#rows.table.size };
  }

  *#changes(): Generator<Emission, void> {
    const ids = this.#rows.changed();
    for (let from = 0; from < ids.length; from += BATCH_ROWS_MAX) {
      const some = ids.subarray(from, from + BATCH_ROWS_MAX);
      this.#rows.shown(some, this.#offsets);
      yield { batch: this.#results.batch(some, this.#offsets, some.length), port: 0 };
    }
  }
}
