/** Whether tables show what they may. */
/** In which history something happened. */
export interface Place {
  readonly seed: number;
  /** Faults that had struck by then. */
  readonly struck: readonly string[];
  /** Faults that were drawn. */
  readonly faults: number;
  readonly trace: readonly string[];
}

/** Something that must never happen. */
export class Violation extends Error {
  readonly place: Place | undefined;

  constructor(what: string, place?: Place) {
    super(what);
    this.name = "Violation";
    this.place = place;
  }
}

/** @throws Violation unless a table shows the answer, no more and no less */
export function checkWhole(table: string, expected: readonly string[], shown: readonly string[]): void {
  const [first] = difference(expected, shown);
  if (first !== undefined) throw new Violation(`table "${table}": ${first}`);
}

/** @throws Violation when a key, the first columns of each line, is there twice */
export function checkKeys(table: string, shown: readonly string[], keyed: number): void {
  const keys = shown.map((line) => JSON.stringify((JSON.parse(line) as unknown[]).slice(0, keyed)));
  for (const [key, times] of counts(keys)) {
    if (times > 1) throw new Violation(`table "${table}" shows ${key} ${times} times`);
  }
}

/** @throws Violation when a table shows a row that is not in the answer, or shows one more often */
export function checkPart(table: string, expected: readonly string[], shown: readonly string[]): void {
  const tooMuch = difference(expected, shown).find((found) => found.startsWith("shows"));
  if (tooMuch !== undefined) throw new Violation(`table "${table}": ${tooMuch}`);
}

/** A table that goes on in a new place. */
interface Continued {
  readonly table: string;
  readonly expected: readonly string[];
  /** Columns of its key; undefined for a table that only grows. */
  readonly keyed: number | undefined;
  /** Whether rows of before may be gone, though the new table does not say so. */
  readonly shrinks: boolean;
}

/** @throws Violation unless what a table showed before, and what the new one shows of later, are the answer together */
export function checkContinued(
  { table, expected, keyed, shrinks }: Continued,
  before: readonly string[],
  shown: readonly string[],
): void {
  if (keyed === undefined) return checkWhole(table, expected, [...before, ...shown]);
  checkKeys(table, shown, keyed);
  const keyOf = (line: string): string => JSON.stringify((JSON.parse(line) as unknown[]).slice(0, keyed));
  const replaced = new Set(shown.map(keyOf));
  const known = new Set(expected.map(keyOf));
  const left = before.filter((line) => !replaced.has(keyOf(line)) && (known.has(keyOf(line)) || !shrinks));
  checkWhole(table, expected, [...left, ...shown]);
}

function difference(expected: readonly string[], shown: readonly string[]): string[] {
  const left = counts(expected);
  const found: string[] = [];
  for (const line of shown) {
    const times = left.get(line) ?? 0;
    if (times === 0) found.push(`shows ${line}, which is too much`);
    else left.set(line, times - 1);
  }
  for (const [line, times] of left) if (times > 0) found.push(`lacks ${line}`);
  return found;
}

function counts(lines: readonly string[]): Map<string, number> {
  const counted = new Map<string, number>();
  for (const line of lines) counted.set(line, (counted.get(line) ?? 0) + 1);
  return counted;
}
