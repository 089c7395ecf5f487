/** Other writers of the tables, and what is theirs in them. */
import type { SinkNode } from "@df/core";
import { sinkNodes } from "@df/core/runtime/sink-nodes";
import type { Cluster } from "./cluster.ts";
import { type Drawn, FIRST_VERSION, pick } from "./drawn.ts";
import type { ForeignKind } from "./faults.ts";
import { addRow, compact, foreignRow, restore, setBack, setProperty } from "./foreign.ts";
import type { Host } from "./host.ts";
import { lastOf, pathOf, shownLine } from "./tables.ts";
import type { World } from "./world.ts";

/** A row that somebody else has added. */
interface ForeignLine {
  /** The path of the table. */
  readonly path: string;
  readonly line: string;
  /** The version of the table that has it first. */
  readonly version: number;
}

/** Those who write to the Delta tables of the first host. */
export class Outsiders {
  #lines: ForeignLine[] = [];
  readonly #world: World;
  readonly #cluster: Cluster;
  readonly #drawn: Drawn;

  constructor(world: World, cluster: Cluster, drawn: Drawn) {
    this.#world = world;
    this.#cluster = cluster;
    this.#drawn = drawn;
  }

  /** Lines of a table that are no rows of the pipeline. */
  linesOf(path: string): string[] {
    return this.#lines.flatMap((foreign) => (foreign.path === path ? [foreign.line] : []));
  }

  /** Tables to which this may be done. */
  tables(kind: ForeignKind): SinkNode[] {
    return sinkNodes(this.#cluster.plan(FIRST_VERSION)).filter(
      (node) =>
        this.#isThere(node) &&
        (kind === "table set back" || !(this.#drawn.partitioned && lastOf(node.id) === "copy")),
    );
  }

  /** Somebody else does something to a Delta table. */
  async interfere(kind: ForeignKind): Promise<void> {
    const node = pick(this.#world.random, this.tables(kind));
    const path = pathOf(node);
    const { direct } = this.#cluster.bucketOf(path);
    const { schema, change } = node.shape;
    if (kind === "table set back") return setBack(direct);
    if (kind === "foreign compaction") return compact(direct, schema);
    if (change !== "append") return setProperty(direct);
    const number = this.#world.events;
    const row = foreignRow(schema, number);
    const version = await addRow(direct, schema, { number, row });
    this.#lines.push({ path, line: shownLine(lastOf(node.id), row), version });
  }

  /** The owner of the Delta tables sets each back to the version that a host's state knows. */
  async rewind(host: Host, versionOf: (sink: string) => number): Promise<void> {
    for (const node of sinkNodes(this.#cluster.plan(host.version))) {
      if (!this.#isThere(node)) continue;
      const [path, version] = [pathOf(node), versionOf(node.id)];
      await restore(this.#cluster.bucketOf(path).direct, version);
      this.#lines = this.#lines.filter((line) => line.path !== path || line.version <= version);
    }
  }

  #isThere(node: SinkNode): boolean {
    return node.spec.connector === "delta" && this.#cluster.bucketOf(pathOf(node)).objects.size > 0;
  }
}
