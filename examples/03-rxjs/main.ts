/** The pipeline of this example run from code: what it writes into its table, as an Observable. */
import { start } from "dataflow";
import { toObservable } from "dataflow/rxjs";
import { filter } from "rxjs";
import sensors, { PerMinute } from "./pipeline.ts";

const run = await start(sensors);
toObservable(run.changes("averages", PerMinute))
  .pipe(filter(({ after }) => after?.sensor === "attic"))
  .subscribe(({ after }) => console.log(JSON.stringify(after)));
const { ended, rowsRead } = await run.done;
console.log(`${ended}: ${rowsRead} readings`);
