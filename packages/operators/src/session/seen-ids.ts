import type { RowId } from "@df/core";
import { IdList } from "../outputs/id-list.ts";
import { IdMarks } from "./id-marks.ts";

/** Row ids, each listed once however often it is added. */
export class SeenIds {
  readonly #ids: IdList = new IdList();
  readonly #marks: IdMarks = new IdMarks();

  add(id: RowId): void {
    if (this.#marks.has(id)) return;
    this.#marks.add(id);
    this.#ids.push(id);
  }

  /** The ids, until the next `take`; none is listed any more. */
  take(): Int32Array {
    this.#marks.clear();
    return this.#ids.take();
  }
}
