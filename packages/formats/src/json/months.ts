/**
 * Two numbers for each month, 1 to 12: its days in a year that is no leap year, and what its first day adds to the days
 * of the years before it, which begin in March, to make days since 1970, less one. Zeros for numbers up to 99.
 */
export const MONTHS: Int32Array = Int32Array.from({ length: 200 }, (_, at) => {
  const month = at >> 1;
  if (month < 1 || month > 12) return 0;
  if (at % 2 === 0) return new Date(Date.UTC(2001, month, 0)).getUTCDate();
  const year = 2001 - Number(month < 3);
  const before = year * 365 + Math.floor(year / 4) - Math.floor(year / 100) + Math.floor(year / 400);
  return Date.UTC(2001, month - 1, 1) / 86_400_000 - before - 1;
});
