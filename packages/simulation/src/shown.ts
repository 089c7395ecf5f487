/** What the tables of a history must show in the end, as one who reads them sees it. */
import type { SinkNode } from "@df/core";
import { sinkNodes } from "@df/core/runtime/sink-nodes";
import { answer } from "./answer.ts";
import type { Cluster } from "./cluster.ts";
import { type Drawn, FIRST_VERSION, type Version } from "./drawn.ts";
import { isSetBack } from "./foreign.ts";
import type { History } from "./history.ts";
import type { Host } from "./host.ts";
import type { Outsiders } from "./outsiders.ts";
import { Bucket } from "./ports/store.ts";
import { lastOf, pathOf, shownBy } from "./tables.ts";
import { checkContinued, checkKeys, checkPart, checkWhole } from "./verdict.ts";

/** Columns of the key of a table, where there are several. */
const KEY_COLUMNS: Readonly<Record<string, number>> = { hours: 2, visits: 2 };
/** Rows of such a table go: where one is gone that another table shows, nothing is lacking. */
const SHRINKING: ReadonlySet<string> = new Set(["visits"]);

interface Reader {
  readonly drawn: Drawn;
  readonly cluster: Cluster;
  readonly outsiders: Outsiders;
}

/** Reads all tables. @throws Violation */
export async function checkTables(
  ended: History["ended"],
  wasSetBack: boolean,
  reader: Reader,
): Promise<void> {
  const expected = answer(reader.drawn);
  const host = reader.cluster.hosts.at(-1) as Host;
  for (const node of sinkNodes(reader.cluster.plan(host.version))) {
    const table = lastOf(node.id);
    const bucket = reader.cluster.bucketOf(`${host.folder}${pathOf(node)}`);
    const foreign = reader.outsiders.linesOf(`${host.folder}${pathOf(node)}`);
    const lines = [...(expected[table] ?? []), ...foreign];
    const shown = await shownBy(node, bucket);
    const isWhole = ended === "finished" && !(wasSetBack && (await isSetBack(bucket.direct)));
    const before = isWhole ? await beforeOf(node, host, reader) : undefined;
    if (before !== undefined) {
      const keyed = node.shape.change === "append" ? undefined : (KEY_COLUMNS[table] ?? 1);
      checkContinued({ table, expected: lines, keyed, shrinks: SHRINKING.has(table) }, before, shown);
    } else if (isWhole) checkWhole(table, lines, shown);
    else if (node.shape.change === "append") checkPart(table, lines, shown);
    else checkKeys(table, shown, KEY_COLUMNS[table] ?? 1);
  }
}

/** What the table of the savepoint showed, where a child goes on in a new one; undefined where it does not. */
async function beforeOf(
  node: SinkNode,
  { begun, folder }: Host,
  { cluster, outsiders }: Reader,
): Promise<string[] | undefined> {
  if (begun === undefined) return undefined;
  const path = `${folder}${pathOf(node)}`;
  const first = sinkNodes(cluster.plan(FIRST_VERSION)).find(({ id }) => id === node.id) as SinkNode;
  if (path === pathOf(first)) return undefined;
  const objects = begun.from.tables.get(pathOf(first));
  const lines = objects === undefined ? [] : await shownBy(first, new Bucket(new Map(objects)));
  const foreign = new Set(outsiders.linesOf(pathOf(first)));
  return lines.filter((line) => !foreign.has(line));
}

/**
 * Reads the tables that a version of a pipeline has adopted: rows that it cannot have made are a violation. Tables with
 * updates may be on their way, and are not looked at.
 */
export async function checkTried(version: Version, { drawn, cluster, outsiders }: Reader): Promise<void> {
  const expected = answer(drawn, version.summed);
  for (const node of sinkNodes(cluster.plan(version))) {
    if (node.shape.change !== "append") continue;
    const table = lastOf(node.id);
    const lines = [...(expected[table] ?? []), ...outsiders.linesOf(pathOf(node))];
    checkPart(
      `${table}, adopted by another pipeline`,
      lines,
      await shownBy(node, cluster.bucketOf(pathOf(node))),
    );
  }
}
