/**
 * The engine, broken on purpose: each variant changes a few words of its source, and the simulation must see it in what
 * tables show. Those of the protocol come from the published failures of systems like this one (Flink's two-phase sink,
 * Iceberg's and Delta's committers, Kafka transactions); the others break what is ours.
 */
import { LINEAGE_VARIANTS } from "./lineage-variants.ts";
import { type Edit, one, rare, type Variant } from "./variant.ts";

const DELIVERY = "core/src/runtime/delivery.ts";
const FOREIGN = "core/src/runtime/foreign.ts";
const STATE = "core/src/checkpoint/sqlite-state.ts";
const HELD = "core/src/checkpoint/held-rows.ts";
const STORES = "core/src/runtime/node-stores.ts";
const RUNNER = "core/src/runtime/node-runner.ts";
const DELTA = "connectors/src/delta/delta-committer.ts";
const DIRECTORY = "connectors/src/lake/directory-committer.ts";
const STAGED = "connectors/src/lake/staged-file.ts";

/** Files that are gone or damaged are named all the same: what a committer without that check would do. */
const NAMES_ANYTHING: Edit = {
  file: STAGED,
  find: "  if (isWhole && (await store.move(staged, file.path))) return;",
  replace: "  if ((await store.move(staged, file.path)) || isWhole || true) return;",
};
/** Also what was just staged is read before it is named: others have more time to be first. */
const READS_OWN_FILES: Edit = {
  file: DIRECTORY,
  find: "    const isOwn = this.#own.delete(file.path);",
  replace: "    const isOwn = this.#own.size < 0;",
};
/** No target is compared with the state. */
const TRUSTS_TARGETS: Edit = {
  file: DELIVERY,
  find: "    refuseForeign(marker, {",
  replace: "    if (marker === null) refuseForeign(marker, {",
};
/** Rows that are to be taken out of a file that is no part of the table any more stay where they are. */
const PASSES_OVER_GONE_FILES: Edit = {
  file: "connectors/src/delta/commit-actions.ts",
  find: "    if (file === undefined) {",
  replace: "    if (file === undefined) continue;\n    if (file === null) {",
};

/** All of them. */
export const VARIANTS: readonly Variant[] = [
  ...LINEAGE_VARIANTS,
  // ── Delivery ───────────────────────────────────────────────────────────────────────────────────────────────────
  rare(
    75,
    one(
      "a Delta commit does not look for its marker",
      DELTA,
      'if (isShown(found?.marker, intent, `The table "${this.#target.path}"`) && found !== undefined) {',
      "if (found !== undefined && found.version < 0) {",
    ),
  ),
  one(
    "a commit to a directory does not look for its marker",
    DIRECTORY,
    "if (isShown(this.#last?.marker, intent, this.#there())) {",
    "if (this.#last?.version === -1) {",
  ),
  {
    name: "rows are visible before they are decided",
    edits: [
      TRUSTS_TARGETS,
      {
        file: DELIVERY,
        find: "    await this.#state.storeIntent(stored, staged.index);",
        replace:
          "    await this.#committer.commit(stored.intent);\n    await this.#state.storeIntent(stored, staged.index);",
      },
    ],
  },
  {
    name: "a restart forgets what was decided",
    edits: [
      TRUSTS_TARGETS,
      {
        file: STATE,
        find: "    return rows.map(({ sink, rows: count, record }) => ({",
        replace: "    return rows.slice(rows.length).map(({ sink, rows: count, record }) => ({",
      },
      { file: STATE, find: '"INSERT INTO intent VALUES', replace: '"INSERT OR REPLACE INTO intent VALUES' },
    ],
  },
  {
    name: "files of a directory are not durable when they are decided",
    edits: [
      NAMES_ANYTHING,
      {
        file: STAGED,
        find: "  await store.put(stagedPath(path), bytes);",
        replace: "  store.put(stagedPath(path), bytes).catch(() => undefined);",
      },
    ],
  },
  {
    name: "files of a Delta table are not durable when they are decided",
    from: 16,
    edits: [
      {
        file: "connectors/src/delta/data-files.ts",
        find: "  await store.put(path, bytes);",
        replace: "  store.put(path, bytes).catch(() => undefined);",
      },
      { file: DELTA, find: "      if (attempt === 0) await this.#checkStaged(manifest);", replace: "" },
    ],
  },
  {
    name: "a restart tidies up staged files",
    edits: [
      NAMES_ANYTHING,
      {
        file: DIRECTORY,
        find: "    if (!muted) await raceTest(this.#store);",
        replace:
          '    for (const { path } of await this.#store.list("")) if (path.endsWith(".staged")) await this.#store.delete(path);',
      },
    ],
  },
  {
    name: "a target that is ahead of the state is gone on with",
    edits: [
      {
        file: FOREIGN,
        find: "  if (newest === 0 && marker.epoch <= identity.epoch) {",
        replace: "  if (newest < 0) {",
      },
      {
        file: FOREIGN,
        find: "  if (marker.epoch > identity.epoch || marker.epoch > newest) {",
        replace: "  if (newest < 0) {",
      },
    ],
  },
  {
    name: "two copies of a state deliver to one target",
    edits: [
      TRUSTS_TARGETS,
      {
        file: "core/src/shown.ts",
        find: "  if ((shown?.hash ?? null) === follows) return false;",
        replace: "  if (follows !== undefined) return false;",
      },
    ],
  },
  rare(
    163,
    one(
      "a commit does not compare what it follows",
      "core/src/shown.ts",
      "  if ((shown?.hash ?? null) === follows) return false;",
      "  if (follows !== undefined) return false;",
    ),
  ),
  rare(
    158,
    one(
      "no process is fenced",
      STATE,
      '    if (this.#meta.number("owner") === this.#identity.owner) return;',
      "    if (this !== undefined) return;",
    ),
  ),
  rare(
    158,
    one(
      "a process takes over without a new number",
      "core/src/checkpoint/take-ownership.ts",
      'const owner = meta.number("owner") + 1;',
      'const owner = meta.number("owner");',
    ),
  ),
  rare(
    257,
    one(
      "a Delta commit overwrites the one that was first",
      "connectors/src/delta/log.ts",
      "    return this.#store.putIfAbsent(commitPath(version), encodeActions(actions));",
      "    return this.#store.put(commitPath(version), encodeActions(actions)).then(() => true);",
    ),
  ),
  {
    name: "a commit to a directory overwrites the one that was first",
    from: 9395,
    edits: [
      {
        file: DIRECTORY,
        find: "      const won = await this.#store.putIfAbsent(commitPath(version), bytes);",
        replace: "      const won = await this.#store.put(commitPath(version), bytes).then(() => true);",
      },
      READS_OWN_FILES,
    ],
  },
  rare(
    270,
    one(
      "an unknown outcome counts as done",
      DELTA,
      "        if (++failures >= FAILURES_MAX) throw error;\n        continue;",
      "        if (++failures >= FAILURES_MAX) throw error;",
    ),
  ),
  rare(
    270,
    one(
      "an unknown outcome is tried again without a look",
      DELTA,
      "        if (++failures >= FAILURES_MAX) throw error;\n        continue;",
      "        if (++failures >= FAILURES_MAX) throw error;\n        await this.#log.append(version + 2, actions);",
    ),
  ),
  one(
    "a delivery takes later rows off the list",
    HELD,
    "DELETE FROM held WHERE sink = ? AND epoch <= ?",
    "DELETE FROM held WHERE sink = ? AND ? >= 0",
  ),
  one(
    "a delivery shows rows that are left on the list",
    HELD,
    "FROM held WHERE sink = +? AND epoch <= +? ORDER",
    "FROM held WHERE sink = +? AND ? >= 0 ORDER",
  ),
  one(
    "rows that were sent ahead of a checkpoint are not written down",
    HELD,
    "place, bytes } of frames) {",
    "place, bytes } of frames.slice(frames.length - held.length)) {",
  ),
  one(
    "held rows come in another order",
    HELD,
    "ORDER BY epoch, shard, seq LIMIT +? OFFSET",
    "ORDER BY seq, shard, epoch DESC LIMIT +? OFFSET",
  ),
  rare(
    146,
    one(
      "a table that was set back is gone on with",
      "connectors/src/delta/marker.ts",
      "      if (version <= commit.version || isKept) continue;",
      "      if (version >= 0 || isKept) continue;",
    ),
  ),
  one(
    "upserts of one delivery are all shown, and not the last one of each key",
    "connectors/src/delta/collapse.ts",
    "    if (words[(offsets[row] as number) + word] === begin + row) last[count++] = row;",
    "    if (words[(offsets[row] as number) + word] !== -1) last[count++] = row;",
  ),
  {
    name: "rows are replaced where they lay before a compaction",
    from: 230,
    edits: [
      {
        file: "connectors/src/delta/commit-actions.ts",
        find: "  if (snapshot.dataVersion <= manifest.tableVersion)",
        replace: "  if (snapshot.dataVersion >= 0)",
      },
      PASSES_OVER_GONE_FILES,
    ],
  },
  {
    name: "the key index outlives a compaction",
    from: 214,
    edits: [
      {
        file: DELTA,
        find: "    if (isTrue && Number(version) <= snapshot.version) return;",
        replace: "    if (version !== undefined) return;",
      },
      PASSES_OVER_GONE_FILES,
    ],
  },
  one(
    "of two runs of the key index the older one is right",
    "core/src/checkpoint/key-runs.ts",
    "this.#runs.all(sink, LIVE).toReversed()",
    "this.#runs.all(sink, LIVE)",
  ),
  one(
    "a delivery leaves the key index as it was",
    STATE,
    "        this.#keys.settle(sink);",
    "        this.#keys.unstage(sink);",
  ),
  {
    name: "a delivery whose intent may be stored is staged anew",
    from: 90_008_980,
    edits: [
      {
        file: "core/src/runtime/deliveries.ts",
        find: "    if (checkpoint === undefined || this.#failure !== undefined) return;",
        replace: "    if (checkpoint === undefined) return;",
      },
      {
        file: "core/src/checkpoint/key-runs.ts",
        find: '    assert(this.#runs.all(sink, STAGED).length === 0, "no index is built while an intent changes it");',
        replace: "",
      },
    ],
  },
  // ── Checkpoints ────────────────────────────────────────────────────────────────────────────────────────────────
  one(
    "a position moves before its rows",
    "core/src/runtime/source-runner.ts",
    "      this.#ready = { reading, polled };",
    "      this.#ready = { reading, polled };\n      reading.position = polled.next;",
  ),
  one(
    "a position moves behind its rows",
    "core/src/runtime/source-runner.ts",
    "    reading.position = polled.next;\n    if (polled.length > 0) this.#emit(this.#batchOf(reading, polled), reading);",
    "    const before = reading.position;\n    reading.position = polled.next;\n    if (polled.length > 0) this.#emit(this.#batchOf(reading, polled), reading);\n    if (polled.length % 5 === 0) reading.position = before;",
  ),
  one(
    "a split is read from its beginning again",
    "core/src/runtime/source-runner.ts",
    "        return this.#parts.source.read(split, from);",
    "        return this.#parts.source.read(split, undefined);",
  ),
  {
    name: "positions are taken when the epoch is complete",
    edits: [
      {
        file: "core/src/runtime/epoch-parts.ts",
        find: "    this.#splits.push(...source.records());",
        replace: "",
      },
      {
        file: "core/src/runtime/epoch-parts.ts",
        find: "    const held = [...this.#held, ...this.#graph.sinkRows.takeRefused(epoch)];",
        replace:
          "    this.#splits.push(...this.#graph.sources.flatMap((source) => source.records()));\n    const held = [...this.#held, ...this.#graph.sinkRows.takeRefused(epoch)];",
      },
    ],
  },
  {
    name: "the clock of a split is not restored",
    edits: [
      {
        file: "core/src/runtime/split-clock.ts",
        find: "    this.timeMax = from?.timeMax ?? BEGINNING;",
        replace: "    this.timeMax = BEGINNING;",
      },
      {
        file: "core/src/runtime/split-clock.ts",
        find: "    this.clock = from?.clock ?? BEGINNING;",
        replace: "    this.clock = BEGINNING;",
      },
    ],
  },
  one(
    "some rows that were touched are not stored",
    "core/src/state/table.ts",
    "      dirty[id >>> 5] = (dirty[id >>> 5] as number) | (1 << id);",
    "      if (id % 8 !== 3) dirty[id >>> 5] = (dirty[id >>> 5] as number) | (1 << id);",
  ),
  one(
    "key groups go to another shard than their rows",
    STORES,
    "shardOf(keyGroup, width) === shard",
    "keyGroup % width === shard",
  ),
  rare(
    36,
    one(
      "rows behind a barrier overtake it",
      RUNNER,
      "      if (channel === undefined || channel.aligned || channel.queue.length === 0) continue;",
      "      if (channel === undefined || channel.queue.length === 0) continue;",
    ),
  ),
  one(
    "what is due stays behind the barrier",
    RUNNER,
    '    this.#call(this.operator.flush?.(this.#output) ?? "done", () => {',
    '    this.#call("done", () => {',
  ),
  one(
    "refused rows belong to the next epoch",
    "core/src/runtime/sink-rows.ts",
    "      if (refused.epoch !== epoch) continue;",
    "      if (refused.epoch >= epoch) continue;",
  ),
  one(
    "the last rows of an epoch belong to the next one",
    "core/src/runtime/holding-sink.ts",
    "    this.#encodeWaiting();\n    const frames = this.#frames;",
    "    const frames = this.#frames;",
  ),
  one(
    "a late row is told by the operator's clock",
    "operators/src/windowing/assignment.ts",
    "const rowClock = rowClocks[row] as number;",
    "const rowClock = clock;",
  ),
];
