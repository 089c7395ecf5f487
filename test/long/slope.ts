/** A straight line through measurements, and how sure it is. */

/** A measured value at a time. */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** How much y rises with x, between these bounds in 95 of 100 cases. */
export interface Slope {
  readonly slope: number;
  readonly low: number;
  readonly high: number;
  /** How many independent measurements the points are worth. */
  readonly worth: number;
}

/** 97.5 of 100 values of a normal distribution lie below so many standard deviations. */
const TWO_SIDED_95 = 1.96;

/**
 * The least squares line. Measurements that follow each other are alike, so they count for fewer than they are, by the
 * correlation of neighbouring residuals (Santer et al. 2000, doi:10.1029/1999JD901105). Undefined for fewer than three
 * points, or all at one x.
 */
export function slopeOf(points: readonly Point[]): Slope | undefined {
  const count = points.length;
  const [meanX, meanY] = [mean(points.map(({ x }) => x)), mean(points.map(({ y }) => y))];
  const spread = sum(points.map(({ x }) => (x - meanX) ** 2));
  if (count < 3 || spread === 0) return undefined;
  const slope = sum(points.map(({ x, y }) => (x - meanX) * (y - meanY))) / spread;
  const residuals = points.map(({ x, y }) => y - meanY - slope * (x - meanX));
  const squares = sum(residuals.map((residual) => residual ** 2));
  const alike =
    squares === 0 ? 0 : sum(residuals.slice(1).map((r, i) => r * (residuals[i] as number))) / squares;
  const worth = Math.max(3, count * Math.min(1, (1 - alike) / (1 + alike)));
  const error = Math.sqrt(squares / Math.max(1, worth - 2) / spread);
  return { slope, low: slope - TWO_SIDED_95 * error, high: slope + TWO_SIDED_95 * error, worth };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}

function mean(values: readonly number[]): number {
  return sum(values) / values.length;
}
