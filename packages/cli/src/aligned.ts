/** Lines of cells, each column as wide as its widest cell; numbers, where there are any, stand to the right. */
export function aligned(
  rows: readonly (readonly string[])[],
  { numbersFrom = Infinity }: { readonly numbersFrom?: number } = {},
): string[] {
  const columns = Math.max(0, ...rows.map(({ length }) => length));
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(...rows.map((row) => row[column]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return column < numbersFrom ? cell.padEnd(width) : cell.padStart(width);
      })
      .join("  ")
      .trimEnd(),
  );
}
