import type { Source } from "../connector.ts";
import type { Plan } from "../plan/plan.ts";
import type { Schema } from "../schema/schema.ts";
import { DecodeThread } from "./decode-thread.ts";
import { RemoteReader, type Backlog } from "./remote-reader.ts";

/** Bytes of decoded rows that may wait, of all splits together. */
const BACKLOG_BYTES_MAX = 64 * 1024 * 1024;

/** Threads that read the splits of a run's sources, as far as those can be read elsewhere. */
export class DecodePool {
  readonly #threadsMax: number;
  readonly #threads: DecodeThread[] = [];
  readonly #backlog: Backlog = { bytes: 0, bytesMax: BACKLOG_BYTES_MAX };

  constructor(threadsMax: number) {
    this.#threadsMax = threadsMax;
  }

  /** The sources of a plan, by their ids, with splits that are read here. */
  sources({ nodes }: Plan, opened: ReadonlyMap<string, Source>): ReadonlyMap<string, Source> {
    if (this.#threadsMax === 0) return opened;
    const sources = new Map(opened);
    for (const node of nodes) {
      const source = opened.get(node.id);
      const schema = node.kind === "source" ? node.outputs[0]?.schema : undefined;
      if (source !== undefined && schema !== undefined) sources.set(node.id, this.source(source, schema));
    }
    return sources;
  }

  /** Ends all threads. */
  async close(): Promise<void> {
    await Promise.all(this.#threads.splice(0).map((thread) => thread.end()));
  }

  /** The same source, with splits that are read here. `schema`: the columns that it was opened with. */
  source(source: Source, schema: Schema): Source {
    const { elsewhere } = source;
    if (elsewhere === undefined) return source;
    const committed: Source["committed"] = async (epoch, positions) => source.committed?.(epoch, positions);
    return {
      splits: () => source.splits(),
      read: (split, position) => {
        const parts = { thread: this.#leastBusy(), elsewhere: elsewhere(split), schema };
        return new RemoteReader({ ...parts, backlog: this.#backlog }, position);
      },
      ...(source.isBefore && { isBefore: source.isBefore.bind(source) }),
      ...(source.committed === undefined ? {} : { committed }),
      close: () => source.close(),
    };
  }

  /** The thread that reads the fewest splits; a new one while there may be more and all have some. */
  #leastBusy(): DecodeThread {
    const [least] = this.#threads.toSorted((a, b) => a.readers - b.readers);
    if (least !== undefined && (least.readers === 0 || this.#threads.length === this.#threadsMax))
      return least;
    const thread = new DecodeThread();
    this.#threads.push(thread);
    return thread;
  }
}
