/** For fewer values counting digits takes longer than comparing. */
const MANY = 256;

/**
 * The positions of distinct integers in ascending order; undefined where some are no integers, or too far apart. It
 * takes no function that compares, with which sorting takes ten times as long.
 */
export function orderOfIntegers(values: Float64Array): Int32Array | undefined {
  let low = Infinity;
  let high = -Infinity;
  for (let i = 0; i < values.length; i++) {
    const value = values[i] as number;
    if (!Number.isSafeInteger(value)) return undefined;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const span = high - low;
  const isByDigits = values.length >= MANY && span < 2 ** 32;
  return isByDigits ? orderByDigits(values, low, span) : orderPacked(values, low, span);
}

/** Sorts by eight bits after the other, the lowest first, each time keeping the order of those equal in them. */
function orderByDigits(values: Float64Array, low: number, span: number): Int32Array {
  const { length } = values;
  const offsets = new Uint32Array(length);
  let order = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    offsets[i] = (values[i] as number) - low;
    order[i] = i;
  }
  let sorted = new Int32Array(length);
  const begins = new Int32Array(257);
  for (let shift = 0; shift < 32 && span >= 2 ** shift; shift += 8) {
    begins.fill(0);
    for (let i = 0; i < length; i++) {
      const next = (((offsets[i] as number) >>> shift) & 255) + 1;
      begins[next] = (begins[next] as number) + 1;
    }
    for (let digit = 1; digit < 256; digit++)
      begins[digit] = (begins[digit] as number) + (begins[digit - 1] as number);
    for (let i = 0; i < length; i++) {
      const position = order[i] as number;
      const digit = ((offsets[position] as number) >>> shift) & 255;
      const at = begins[digit] as number;
      sorted[at] = position;
      begins[digit] = at + 1;
    }
    [order, sorted] = [sorted, order];
  }
  return order;
}

/** Sorts doubles that hold an integer and its position; undefined where they do not hold both. */
function orderPacked(values: Float64Array, low: number, span: number): Int32Array | undefined {
  const { length } = values;
  // A power of two: dividing by it is exact.
  const room = 2 ** Math.ceil(Math.log2(length));
  if (!((span + 1) * room <= Number.MAX_SAFE_INTEGER)) return undefined;
  const packed = new Float64Array(length);
  for (let i = 0; i < length; i++) packed[i] = ((values[i] as number) - low) * room + i;
  packed.sort();
  const positions = new Int32Array(length);
  for (let i = 0; i < length; i++) {
    const value = packed[i] as number;
    positions[i] = value - Math.floor(value / room) * room;
  }
  return positions;
}
