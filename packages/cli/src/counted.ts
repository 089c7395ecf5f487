/** "1 window", "1,234 windows". */
export function counted(number: number, one: string): string {
  return `${count(number)} ${one}${number === 1 ? "" : "s"}`;
}

/** A whole number as people write it: 1234567 is "1,234,567". Intl does the same, and takes 15 ms to begin. */
export function count(value: number): string {
  return String(value).replaceAll(/\B(?=(?:\d{3})+$)/g, ",");
}
