/** A control sequence, or any one character. */
const SEQUENCE = new RegExp(`${String.fromCharCode(27)}\\[(\\??)(\\d*)([A-Za-z])|[^]`, "gu");

/** A terminal that keeps what a person would see: as much of one as the live area uses. */
export class TestScreen {
  columns: number;
  rows: number;
  readonly colors: boolean;
  /** Everything that has ever been in view, from the top. */
  #lines: string[] = [""];
  #row = 0;
  #column = 0;
  #wraps = true;

  constructor(columns = 80, rows = 24, colors = false) {
    this.columns = columns;
    this.rows = rows;
    this.colors = colors;
  }

  write(text: string): void {
    for (const [token, mark, number, letter] of text.matchAll(SEQUENCE)) {
      if (letter !== undefined) this.#control(`${mark}${letter}`, Number(number || 1));
      else if (token === "\n") this.#newLine();
      else if (token === "\r") this.#column = 0;
      else this.#put(token);
    }
  }

  /** What stands there, without blanks at the ends of lines, and without empty lines at the end. */
  text(): string {
    return this.#lines
      .map((line) => line.trimEnd())
      .join("\n")
      .trimEnd();
  }

  #control(name: string, number: number): void {
    if (name === "A") this.#row = Math.max(this.#top(), this.#row - number);
    else if (name === "J") {
      this.#lines.length = this.#row + 1;
      this.#lines[this.#row] = (this.#lines[this.#row] ?? "").slice(0, this.#column);
    } else if (name === "?l") this.#wraps = false;
    else if (name === "?h") this.#wraps = true;
    else if (name !== "m") throw new Error(`the test's terminal knows no ${name}`);
  }

  /** The cursor goes no higher than the first line in view. */
  #top(): number {
    return Math.max(0, this.#lines.length - this.rows);
  }

  #newLine(): void {
    this.#row++;
    this.#column = 0;
    if (this.#row === this.#lines.length) this.#lines.push("");
  }

  #put(character: string): void {
    if (this.#column >= this.columns) {
      if (this.#wraps) this.#newLine();
      else this.#column = this.columns - 1;
    }
    const line = (this.#lines[this.#row] ?? "").padEnd(this.#column);
    this.#lines[this.#row] = line.slice(0, this.#column) + character + line.slice(this.#column + 1);
    this.#column++;
  }
}
