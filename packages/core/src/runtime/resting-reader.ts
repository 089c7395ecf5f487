import type { Answer, Polled, Position, SplitReader } from "../connector.ts";

/** A reader that can be put to rest between two polls: it then holds nothing, and goes on where it stood. */
export class RestingReader implements SplitReader {
  readonly #open: (position: Position | undefined) => SplitReader;
  #reader: SplitReader | undefined;
  #position: Position | undefined;
  /** How often it had to rest for others. */
  evictions = 0;

  /** `open` reads from a position on; it is called at the first poll, and at the next one whenever it has rested. */
  constructor(open: (position: Position | undefined) => SplitReader, position: Position | undefined) {
    this.#open = open;
    this.#position = position;
  }

  get isOpen(): boolean {
    return this.#reader !== undefined;
  }

  poll(rowsMax: number): Answer | Promise<Answer> {
    this.#reader ??= this.#open(this.#position);
    const answer = this.#reader.poll(rowsMax);
    return answer instanceof Promise ? answer.then((given) => this.#given(given)) : this.#given(answer);
  }

  /** Lets go of all it holds, also of what it gave last. */
  async close(): Promise<void> {
    const reader = this.#reader;
    this.#reader = undefined;
    await reader?.close();
  }

  #given<Given extends Polled | "idle" | "end">(answer: Given): Given {
    if (typeof answer !== "string") this.#position = answer.next;
    return answer;
  }
}
