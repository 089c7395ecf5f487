import { styleText } from "node:util";

/** Milliseconds until lines are drawn again after somebody else has written. */
const AGAIN_AFTER_MS = 30;

/** A line of the area. */
export interface Line {
  readonly text: string;
  readonly style?: "bold" | "dim" | "yellow" | undefined;
}

/** Where the area is drawn. */
export interface Screen {
  readonly columns: number;
  readonly rows: number;
  readonly colors: boolean;
  /** Writes past whoever watches. */
  write(text: string): void;
}

/**
 * Lines at the end of a terminal's output that are written anew in their place. What others write in between stands
 * above them: `before` and `after` are called around it. Nothing is hidden or switched off while the lines stand, so
 * that a killed process leaves the terminal as it should be.
 */
export class LiveArea {
  readonly #screen: Screen;
  #lines: readonly Line[] = [];
  /** Columns of each line that stands on the screen. */
  #drawn: readonly number[] = [];
  /** Somebody has begun a line and not ended it: there is no place for ours. */
  #midLine = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(screen: Screen) {
    this.#screen = screen;
  }

  /** Shows lines instead of those before; as many as there is height for, each as far as there is width. */
  draw(lines: readonly Line[]): void {
    this.#lines = lines;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    if (this.#midLine) return;
    const { columns, rows, colors } = this.#screen;
    const fitting = lines.slice(0, Math.max(0, rows - 1)).map(({ text, style }) => ({
      text: Array.from(printable(text))
        .slice(0, Math.max(0, columns - 1))
        .join(""),
      style,
    }));
    // Without wrapping, also characters of two columns stay in their line.
    const shown = fitting.map(({ text, style }) => `${colors ? styled(text, style) : text}\n`).join("");
    this.#screen.write(`${this.#erasing()}${shown === "" ? "" : `\u001B[?7l${shown}\u001B[?7h`}`);
    this.#drawn = fitting.map(({ text }) => Array.from(text).length);
  }

  /** Others are about to write. */
  before(): void {
    const erasing = this.#erasing();
    if (erasing !== "") this.#screen.write(erasing);
    this.#drawn = [];
  }

  /** Others have written a text. */
  after(text: string): void {
    if (text !== "") this.#midLine = !text.endsWith("\n");
    this.#timer ??= setTimeout(() => this.draw(this.#lines), AGAIN_AFTER_MS).unref();
  }

  /** Takes the lines away. */
  end(): void {
    this.#lines = [];
    clearTimeout(this.#timer);
    this.before();
  }

  /** The lines stand where they are, and belong to what is above: somebody else had the terminal meanwhile. */
  leave(): void {
    this.#drawn = [];
  }

  /** What removes the lines: where the terminal has become narrower, each may fill several by now. */
  #erasing(): string {
    const { columns } = this.#screen;
    const height = this.#drawn.reduce((sum, width) => sum + Math.max(1, Math.ceil(width / columns)), 0);
    return height === 0 ? "" : `\r\u001B[${height}A\u001B[J`;
  }
}

/** Without what would move the cursor: names of files may hold anything. */
function printable(text: string): string {
  return text.replaceAll(/\p{C}/gu, "?");
}

function styled(text: string, style: Line["style"]): string {
  return style === undefined ? text : styleText(style, text, { validateStream: false });
}
