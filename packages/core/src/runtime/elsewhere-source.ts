import { present } from "../assert.ts";
import type { Answer, Elsewhere, OpenReaders, Position, Source, Split, SplitReader } from "../connector.ts";

type Opening = ReturnType<OpenReaders<unknown, unknown>>;

/** A source whose splits were found on another thread, which has told how they are read. */
export class ElsewhereSource implements Source {
  readonly #splits: Map<string, Elsewhere> = new Map();
  readonly #openings: Map<unknown, Promise<Opening>> = new Map();

  /** A further split. */
  add(split: string, elsewhere: Elsewhere): void {
    this.#splits.set(split, elsewhere);
  }

  async splits(): Promise<readonly Split[]> {
    return [...this.#splits.keys()].map((id) => ({ id }));
  }

  read(split: Split, position: Position | undefined): SplitReader {
    const { module, shared, split: own } = this.elsewhere(split);
    const opening = this.#openings.get(shared) ?? load(module, shared);
    this.#openings.set(shared, opening);
    return new ElsewhereReader(async () => (await opening)(own, position));
  }

  readonly elsewhere = ({ id }: Split): Elsewhere => present(this.#splits.get(id), `split ${id}`);

  async close(): Promise<void> {
    // Readers are closed by whoever reads.
  }
}

/** Opens its split with the first poll. */
class ElsewhereReader implements SplitReader {
  readonly #open: () => Promise<SplitReader>;
  #reader: SplitReader | undefined;

  constructor(open: () => Promise<SplitReader>) {
    this.#open = open;
  }

  poll(rowsMax: number): Answer | Promise<Answer> {
    return this.#reader === undefined ? this.#first(rowsMax) : this.#reader.poll(rowsMax);
  }

  async close(): Promise<void> {
    await this.#reader?.close();
  }

  async #first(rowsMax: number): Promise<Answer> {
    this.#reader = await this.#open();
    return this.#reader.poll(rowsMax);
  }
}

async function load(module: string, shared: unknown): Promise<Opening> {
  const { openReaders } = (await import(module)) as { readonly openReaders: OpenReaders<unknown, unknown> };
  return openReaders(shared);
}
