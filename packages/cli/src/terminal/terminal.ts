import type { WriteStream } from "node:tty";
import type { LiveArea, Screen } from "./live-area.ts";

/** A terminal on which an area is drawn, and where all else that is written passes by it. */
export interface WatchedTerminal {
  readonly screen: Screen;
  /** The end: the streams are as they were. */
  release(): void;
}

/** Whether lines that rewrite themselves are any use: not in files, logs of CI systems, terminals without a cursor. */
export function isLive(
  stream: { readonly isTTY?: boolean },
  env: Readonly<Record<string, string | undefined>>,
): boolean {
  const { CI: ci = "", TERM: term = "" } = env;
  return stream.isTTY === true && term !== "dumb" && ["", "0", "false"].includes(ci);
}

/**
 * Standard error, as a screen. Whatever this process writes to the terminal meanwhile, through either stream, takes the
 * area away first; so does the end of the process, in whatever way it comes about.
 */
export function watchedTerminal(area: () => LiveArea | undefined): WatchedTerminal {
  const { stderr, stdout } = process;
  const restored: (() => void)[] = [];
  const original = stderr.write.bind(stderr) as (text: string) => boolean;
  for (const stream of stdout.isTTY ? [stderr, stdout] : [stderr]) restored.push(watched(stream, area));
  const leave = (): void => area()?.leave();
  const clear = (): void => area()?.before();
  const redraw = (): void => area()?.after("");
  // Node writes these past the streams.
  const warning = (): void => {
    clear();
    redraw();
  };
  process.prependListener("warning", warning);
  process.on("uncaughtExceptionMonitor", clear);
  process.on("exit", clear);
  process.on("SIGCONT", leave);
  return {
    screen: {
      get columns() {
        return stderr.columns || 80;
      },
      get rows() {
        return stderr.rows || 24;
      },
      // Knows NO_COLOR, FORCE_COLOR and TERM.
      colors: stderr.hasColors(),
      write: (text) => void original(text),
    },
    release: () => {
      for (const restore of restored) restore();
      process
        .off("warning", warning)
        .off("uncaughtExceptionMonitor", clear)
        .off("exit", clear)
        .off("SIGCONT", leave);
    },
  };
}

/** Calls the area around what is written to a stream; returns what ends that. */
function watched(stream: WriteStream, area: () => LiveArea | undefined): () => void {
  const write = stream.write.bind(stream) as (...all: readonly unknown[]) => boolean;
  stream.write = (chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
    area()?.before();
    const answer = write(chunk, ...rest);
    area()?.after(typeof chunk === "string" ? chunk : new TextDecoder().decode(chunk));
    return answer;
  };
  return () => {
    stream.write = write;
  };
}
