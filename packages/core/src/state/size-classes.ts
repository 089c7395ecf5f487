/**
 * Sizes of blocks in units: 8 classes up to 8 units, then 4 per doubling, so that at most a fifth of a large block is
 * unused. Whoever allocates has a free list per class.
 */

/** Classes there are for blocks of up to 2^32 units. */
export const SIZE_CLASSES = 128;

/** The smallest class whose blocks have so many units, at least 1. */
export function classOfUnits(units: number): number {
  if (units <= 8) return units - 1;
  // units lies in (4q, 8q] for q a power of two: classes 5q, 6q, 7q and 8q.
  const power = 29 - Math.clz32(units - 1);
  return 8 + (power - 1) * 4 + Math.ceil(units / 2 ** power) - 5;
}

/** Units of the blocks of a class. */
export function unitsOfClass(sizeClass: number): number {
  if (sizeClass < 8) return sizeClass + 1;
  const power = ((sizeClass - 8) >>> 2) + 1;
  return (((sizeClass - 8) & 3) + 5) * 2 ** power;
}
