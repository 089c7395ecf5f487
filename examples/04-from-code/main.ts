/** Starts the pipeline, prints each change of its table, and stops cleanly on Ctrl-C. */
import { start } from "dataflow";
import { Revenue, revenue } from "./pipeline.ts";

const stop = new AbortController();
process.once("SIGINT", () => stop.abort());

const run = await start(revenue({ count: 100, everyMs: 20 }), { signal: stop.signal });
for await (const { after } of run.changes("revenue", Revenue)) {
  console.log(`${after?.shop}: ${after?.orders} orders, ${after?.cents} cents`);
}
const { ended, rowsRead } = await run.done;
console.log(`${ended}: ${rowsRead} orders`);
