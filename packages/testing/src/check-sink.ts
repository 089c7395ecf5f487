/**
 * Drives a committer through deliveries as the engine does, with crashes at every point, repeats, races and leftovers,
 * and compares what a reader of the target sees with a model that knows nothing of all that.
 */
import type { CommitterFactory, Json, Shape } from "@df/core";
import { CanonicalCodec, ContentHash } from "@df/core/batch/canonical";
import { keyText, show } from "./change.ts";
import { Crash, Crashes } from "./crashes.ts";
import { failure } from "./failure.ts";
import { encodeRows, type LogRow, type PlainRow } from "./log.ts";
import { SinkDriver } from "./sink-driver.ts";

/** A target that is empty, with a reader of its own. */
export interface SinkTarget {
  readonly options: Json;
  /** Default: the working directory. */
  readonly directory?: string | undefined;
  /** The factory under test; its effects are points of `crashes`, see `crashing`. */
  readonly factory: CommitterFactory;
  /** The rows a reader sees, in any order, as `rowsOf` reads them; what the committer knows must not be used. */
  read(): Promise<readonly PlainRow[]>;
  close?(): Promise<void>;
}

/** A sink, its target, and what is delivered to it. */
export interface SinkCase {
  readonly shape: Shape;
  /** A new, empty target. Called for each of the runs, some hundred times: use a store in memory. */
  readonly target: (crashes: Crashes) => Promise<SinkTarget>;
  /** The rows of each delivery, one after the other; some should be empty. */
  readonly deliveries: readonly (readonly LogRow[])[];
  /** Rows of a batch at most. Default 3. */
  readonly batchRows?: number | undefined;
  /** Points at which to crash at most, spread evenly where there are more. Default 150. */
  readonly crashesMax?: number | undefined;
  /** Whether the committer refuses an intent of another lineage. Default true. */
  readonly lineages?: boolean | undefined;
  /** Whether the committer knows the hash of the rows that are present. Default true. */
  readonly hashes?: boolean | undefined;
}

/**
 * Checks a sink that says "exactly once". Each rule is a run on a target of its own; the error names the rule.
 * @throws Error when a reader sees anything but each row once, in any of the runs
 */
export async function checkSink(test: SinkCase): Promise<void> {
  const points = await named("deliveries without a crash", () => plainRun(test));
  await named("commit twice", () => repeatedCommits(test));
  await named("two writers commit the same", () => race(test));
  await named("rows staged and never committed", () => leftovers(test));
  if (test.lineages ?? true) await named("another lineage", () => otherLineage(test));
  // Odd: points come in pairs, before and after an effect, and both kinds must be met.
  const step = Math.ceil(points / (test.crashesMax ?? 150)) | 1;
  for (let point = 1; point <= points; point += step) {
    await named(`crash at point ${point}`, () => crashRun(test, [point]));
    // The process that recovers dies as well, somewhere early.
    await named(`crash at point ${point}, again on recovery`, () =>
      crashRun(test, [point, 1 + (point % 17)]),
    );
  }
}

async function named<T>(rule: string, run: () => Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    const reason = thrown instanceof Error ? thrown.message : String(thrown);
    throw new Error(`[${rule}] ${reason}`, { cause: thrown });
  }
}

interface Bench {
  readonly crashes: Crashes;
  readonly target: SinkTarget;
  readonly driver: SinkDriver;
}

async function onTarget<T>(test: SinkCase, run: (bench: Bench) => Promise<T>): Promise<T> {
  const crashes = new Crashes();
  const target = await test.target(crashes);
  try {
    return await run({ crashes, target, driver: driverOf(test, target, crashes) });
  } finally {
    await target.close?.();
  }
}

function driverOf(test: SinkCase, target: SinkTarget, crashes: Crashes, lineage?: string): SinkDriver {
  return new SinkDriver({
    factory: target.factory,
    options: target.options,
    directory: target.directory ?? process.cwd(),
    shape: test.shape,
    crashes,
    lineage,
    batchRows: test.batchRows ?? 3,
  });
}

/** All deliveries, the reader looked at after each; returns the number of points. */
function plainRun(test: SinkCase): Promise<number> {
  return onTarget(test, async ({ crashes, target, driver }) => {
    for (const [i, rows] of test.deliveries.entries()) {
      await driver.deliver({ epoch: epochOf(i), rows });
      await assertState(test, target, driver, i + 1);
      await assertMarker(driver, test, i + 1);
    }
    await driver.stop();
    return crashes.passed;
  });
}

/** Epochs have gaps: an epoch without rows holds nothing, and a delivery covers several. */
function epochOf(delivery: number): number {
  return delivery * 3 + 1;
}

/** Dies at the points given, one after the other, and goes on until all is delivered. */
function crashRun(test: SinkCase, points: readonly number[]): Promise<void> {
  return onTarget(test, async ({ crashes, target, driver }) => {
    const [first = 0, ...later] = points;
    crashes.arm(first);
    for (let i = 0; i < test.deliveries.length;) {
      try {
        await driver.deliver({ epoch: epochOf(i), rows: test.deliveries[i] ?? [] });
        i++;
      } catch (thrown) {
        if (!isCrash(thrown)) throw thrown;
        crashes.restart();
        await driver.stop();
        const next = later.shift();
        if (next !== undefined) crashes.arm(next);
      }
    }
    crashes.restart();
    await assertState(test, target, driver, test.deliveries.length);
    await driver.stop();
  });
}

/** A crash, or an error that a committer made of it. */
function isCrash(thrown: unknown): boolean {
  if (thrown instanceof Crash) return true;
  return thrown instanceof Error && thrown.cause !== undefined && isCrash(thrown.cause);
}

function repeatedCommits(test: SinkCase): Promise<void> {
  return onTarget(test, async ({ target, driver }) => {
    for (const [i, rows] of test.deliveries.entries()) {
      const committer = await driver.open();
      const intent = await driver.stage(committer, { epoch: epochOf(i), rows });
      await committer.commit(intent);
      const again = await committer.commit(intent);
      const other = await driver.open();
      const third = await other.commit(intent);
      if (again.version !== third.version)
        failure(`versions ${again.version} and ${third.version} of one commit`);
      await driver.commit(committer, intent);
      await committer.close();
      await other.close();
      await assertState(test, target, driver, i + 1);
    }
  });
}

function race(test: SinkCase): Promise<void> {
  return onTarget(test, async ({ target, driver }) => {
    for (const [i, rows] of test.deliveries.entries()) {
      const [one, two] = [await driver.open(), await driver.open()];
      const intent = await driver.stage(one, { epoch: epochOf(i), rows });
      const both = await Promise.all([one.commit(intent), two.commit(intent)]);
      if (both[0].version !== both[1].version) failure("two writers name different versions of one commit");
      await driver.commit(two, intent);
      await Promise.all([one.close(), two.close()]);
      await assertState(test, target, driver, i + 1);
    }
  });
}

function leftovers(test: SinkCase): Promise<void> {
  return onTarget(test, async ({ target, driver }) => {
    for (const [i, rows] of test.deliveries.entries()) {
      const dying = await driver.open();
      await driver.stage(dying, { epoch: epochOf(i), rows });
      await dying.close();
      await assertState(test, target, driver, i);
      await driver.deliver({ epoch: epochOf(i), rows });
      await driver.stop();
      await assertState(test, target, driver, i + 1);
    }
  });
}

/** A copied state directory: the copy stages before, and commits after, the original has committed that epoch. */
function otherLineage(test: SinkCase): Promise<void> {
  return onTarget(test, async ({ crashes, target, driver }) => {
    const first = test.deliveries.findIndex((rows) => rows.length > 0);
    const rows = test.deliveries[first];
    if (rows === undefined) failure("no delivery has rows");
    const copy = driverOf(test, target, crashes, "lineage-b");
    const committer = await copy.open();
    const foreign = await copy.stage(committer, { epoch: epochOf(first), rows });
    await driver.deliver({ epoch: epochOf(first), rows });
    const outcome = await committer.commit(foreign).then(
      () => "committed",
      (error: unknown) => (error instanceof Error && "code" in error ? error.code : String(error)),
    );
    if (outcome !== "DF_SINK_OTHER_LINEAGE") failure(`an intent of another lineage: ${String(outcome)}`);
    await committer.close();
    await assertRows(test, target, [rows]);
    await driver.stop();
  });
}

async function assertMarker(driver: SinkDriver, test: SinkCase, deliveries: number): Promise<void> {
  const committer = await driver.open();
  const marker = await committer.marker();
  await committer.close();
  const epoch = driver.delivered?.epoch ?? 0;
  const hasRows = test.deliveries.slice(0, deliveries).some((rows) => rows.length > 0);
  if (marker === undefined) {
    if (hasRows) failure("there is no marker though rows were committed");
    return;
  }
  // An intent without rows needs no commit of its own: then the marker is an earlier one.
  if (marker.epoch > epoch) failure(`the marker names epoch ${marker.epoch}, delivered is ${epoch}`);
  if (marker.contentHash !== driver.delivered?.contentHash) failure("the marker has another content hash");
}

async function assertState(
  test: SinkCase,
  target: SinkTarget,
  driver: SinkDriver,
  deliveries: number,
): Promise<void> {
  const rows = await assertRows(test, target, test.deliveries.slice(0, deliveries));
  if (driver.delivered === undefined || test.hashes === false) return;
  const hash = contentHash(test.shape, rows);
  if (driver.delivered.contentHash !== hash) {
    failure(`content hash ${driver.delivered.contentHash}, of the rows it is ${hash}`);
  }
}

async function assertRows(
  test: SinkCase,
  target: SinkTarget,
  deliveries: readonly (readonly LogRow[])[],
): Promise<PlainRow[]> {
  const rows = stateAfter(test.shape, deliveries.flat());
  const expected = rows.map((row) => show(normal(test.shape, row))).toSorted();
  const actual = (await target.read()).map((row) => show(normal(test.shape, row))).toSorted();
  if (expected.join("\n") !== actual.join("\n")) {
    const missing = minus(expected, actual).slice(0, 5);
    const much = minus(actual, expected).slice(0, 5);
    failure(
      `a reader sees ${actual.length} rows, expected ${expected.length}; ` +
        `missing: ${missing.join(", ") || "none"}; too much: ${much.join(", ") || "none"}`,
    );
  }
  return rows;
}

/** The rows that stand after all changes, by the plainest means. */
export function stateAfter(shape: Shape, changes: readonly LogRow[]): PlainRow[] {
  if (shape.change === "append") return changes.map(({ row }) => row);
  if (shape.change === "upsert") {
    const byKey = new Map<string, PlainRow>();
    for (const { row, diff = 1 } of changes) {
      if (diff > 0) byKey.set(keyText(row, shape), row);
      else byKey.delete(keyText(row, shape));
    }
    return [...byKey.values()];
  }
  const counts = new Map<string, { readonly row: PlainRow; count: number }>();
  for (const { row, diff = 1 } of changes) {
    const text = show(normal(shape, row));
    const known = counts.get(text) ?? { row, count: 0 };
    known.count += diff;
    counts.set(text, known);
  }
  return [...counts.values()].flatMap(({ row, count }) =>
    Array.from({ length: Math.max(0, count) }, () => row),
  );
}

/** Columns in the order of the schema, what is absent as null. */
function normal(shape: Shape, row: PlainRow): PlainRow {
  return Object.fromEntries(shape.schema.fields.map(({ name }) => [name, row[name] ?? null]));
}

function contentHash(shape: Shape, rows: readonly PlainRow[]): string {
  const hash = new ContentHash();
  const codec = new CanonicalCodec(shape.schema);
  for (const row of rows) hash.add(codec.encode(encodeRows({ schema: shape.schema }, [{ row }]), 0));
  return hash.toString();
}

function minus(from: readonly string[], other: readonly string[]): string[] {
  const left = new Map<string, number>();
  for (const text of other) left.set(text, (left.get(text) ?? 0) + 1);
  return from.filter((text) => {
    const count = left.get(text) ?? 0;
    left.set(text, count - 1);
    return count <= 0;
  });
}
