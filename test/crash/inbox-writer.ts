/** Appends numbered rows to an inbox, several at a time, and says which are durable: something to kill. */
import { t } from "@df/core";
import { InboxLog } from "@df/connectors/inbox/inbox-log";

const [file = "", first = "0"] = process.argv.slice(2);
const { schema } = t.row({ n: t.int32() });
const log = await InboxLog.open({ file, schema, id: undefined, idsMax: 1, budget: 1 << 30 });
for (let n = Number(first); ; n += 4) {
  const sent = [0, 1, 2, 3].map(async (i) => {
    await log.append([{ n: n + i }]);
    process.stdout.write(`${n + i}\n`);
  });
  await Promise.all(sent);
}
