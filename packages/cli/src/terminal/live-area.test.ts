import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { LiveArea, type Line } from "./live-area.ts";
import { TestScreen } from "./test-screen.testing.ts";

const lines = (...texts: readonly string[]): Line[] => texts.map((text) => ({ text }));

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test("lines take the place of those before, fewer or more, below what stood there", () => {
  const screen = new TestScreen();
  screen.write("$ dataflow run\n");
  const area = new LiveArea(screen);
  area.draw(lines("a", "b", "c"));
  expect(screen.text()).toBe("$ dataflow run\na\nb\nc");
  area.draw(lines("d"));
  expect(screen.text()).toBe("$ dataflow run\nd");
  area.draw(lines("e", "f"));
  area.end();
  screen.write("report\n");
  expect(screen.text()).toBe("$ dataflow run\nreport");
});

test("no line is wider than the terminal, and no more lines are drawn than it can move back over", () => {
  const screen = new TestScreen(10, 4);
  screen.write("$\n");
  const area = new LiveArea(screen);
  for (let n = 0; n < 5; n++) area.draw(lines("0123456789abc", "b", "c", "d", "e"));
  expect(screen.text()).toBe("$\n012345678\nb\nc");
  area.end();
  expect(screen.text()).toBe("$");
});

test("what others write stands above, whole, also where it is written in pieces", () => {
  const screen = new TestScreen();
  const area = new LiveArea(screen);
  const other = (text: string): void => {
    area.before();
    screen.write(text);
    area.after(text);
  };
  area.draw(lines("a", "b"));
  other("notice\n");
  expect(screen.text()).toBe("notice");
  vi.advanceTimersByTime(30);
  expect(screen.text()).toBe("notice\na\nb");
  other("half");
  vi.advanceTimersByTime(30);
  area.draw(lines("c"));
  expect(screen.text()).toBe("notice\nhalf");
  other(" a line\n");
  vi.advanceTimersByTime(30);
  expect(screen.text()).toBe("notice\nhalf a line\nc");
  area.end();
  vi.advanceTimersByTime(1000);
  expect(screen.text()).toBe("notice\nhalf a line");
});

test("lines that wrap because the terminal has become narrower are taken away whole", () => {
  const screen = new TestScreen(20);
  const area = new LiveArea(screen);
  screen.write("$\n");
  area.draw(lines("0123456789abcd"));
  // The same line, as a terminal of half the width shows it.
  const narrow = new TestScreen(7);
  narrow.write("$\n0123456789abcd\n");
  screen.columns = 7;
  screen.write = (text) => narrow.write(text);
  area.draw(lines("e"));
  expect(narrow.text()).toBe("$\ne");
});

test("after the terminal was somebody else's, lines are drawn below what is there", () => {
  const screen = new TestScreen();
  const area = new LiveArea(screen);
  area.draw(lines("a"));
  screen.write("[1]+ Stopped\n$ fg\n");
  area.leave();
  area.draw(lines("b"));
  expect(screen.text()).toBe("a\n[1]+ Stopped\n$ fg\nb");
});

test("names cannot move the cursor, and colours are given only where there are any", () => {
  const written: string[] = [];
  const screen = { columns: 80, rows: 24, colors: false, write: (text: string) => void written.push(text) };
  new LiveArea(screen).draw([{ text: "a\u001B[2J\nb\u200E", style: "yellow" }]);
  expect(written.join("")).toBe("\u001B[?7la?[2J?b?\n\u001B[?7h");
  new LiveArea({ ...screen, colors: true }).draw([{ text: "a", style: "yellow" }]);
  expect(written[1]).toBe("\u001B[?7l\u001B[33ma\u001B[39m\n\u001B[?7h");
});
