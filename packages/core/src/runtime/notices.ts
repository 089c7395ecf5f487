/** What is no error when a pipeline goes on, and should be known. */
import type { CheckpointRecord } from "../checkpoint/records.ts";
import type { Source } from "../connector.ts";
import { own } from "../own.ts";
import { liveSources } from "../plan/labels.ts";
import type { Plan } from "../plan/plan.ts";
import type { RunOptions } from "./run.ts";
import { ownSources } from "./thread-count.ts";
import { changedLambdas, type NodeRestart } from "../plan/restart.ts";

/** For who wants the new meaning for all rows. */
const ANEW = "start with a new state directory (--state-dir) and new targets";

/** How a plan differs from that of the last checkpoint, where the difference is allowed. */
export function changeNotices(
  plan: Plan,
  restored: CheckpointRecord | undefined,
  restarts: readonly NodeRestart[],
): string[] {
  return [
    ...additionNotice(plan, restarts),
    ...renameNotice(plan, restarts),
    ...changeNotice(plan, restarts),
    ...migrationNotice(plan, restarts),
    ...paramNotices(plan, restored),
    ...lambdaNotice(plan, restored),
  ];
}

function additionNotice({ name }: Plan, restarts: readonly NodeRestart[]): string[] {
  const added = restarts
    .filter(({ verdict }) => verdict === "new")
    .map(({ kind, node, note }) => `${kind} "${node}"${note === undefined ? "" : ` (${note})`}`);
  if (added.length === 0) return [];
  return [
    `New in pipeline "${name}" since its last checkpoint: ${added.join(", ")}. What is new begins with rows from now on; for all rows ${ANEW}.`,
  ];
}

function renameNotice({ name }: Plan, restarts: readonly NodeRestart[]): string[] {
  const renamed = restarts.flatMap(({ kind, node, renamedFrom }) =>
    renamedFrom === undefined ? [] : [`${kind} "${node}" from "${renamedFrom}"`],
  );
  return renamed.length === 0
    ? []
    : [`Renamed in pipeline "${name}": ${renamed.join(", ")}; their state goes on under the new ids.`];
}

function changeNotice({ name }: Plan, restarts: readonly NodeRestart[]): string[] {
  const changes = restarts.flatMap((restart) => restart.changes ?? []);
  return changes.length === 0
    ? []
    : [
        `Pipeline "${name}" goes on though it has changed since its last checkpoint. ${changes.join(" ")} Rows from now on are taken as it is now, results so far keep what they have; for one meaning throughout ${ANEW}.`,
      ];
}

function migrationNotice({ name }: Plan, restarts: readonly NodeRestart[]): string[] {
  const brought = restarts.flatMap(({ node, by }) => (by === undefined ? [] : [`"${node}" by "${by}"`]));
  if (brought.length === 0) return [];
  return [
    `Brought over in pipeline "${name}": the state of ${brought.join(", ")}. It is stored with the next checkpoint; then the function may be taken out.`,
  ];
}

/** What a parameter changes in steps and sinks the fingerprint refuses; what lambdas see of it no one can tell. */
function paramNotices({ name: pipeline, params }: Plan, restored: CheckpointRecord | undefined): string[] {
  return Object.entries(params).flatMap(([name, now]) => {
    const before = own(restored?.params ?? {}, name);
    if (before === undefined || before === now) return [];
    return [
      `Parameter "${name}" of pipeline "${pipeline}" was "${before}" at its last checkpoint and is "${now}" now. Rows from now on see the new value, results so far keep what they have; for one value throughout ${ANEW}.`,
    ];
  });
}

function lambdaNotice(plan: Plan, restored: CheckpointRecord | undefined): string[] {
  const changed = changedLambdas(restored?.lambdas, plan).map((node) => `"${node}"`);
  if (changed.length === 0) return [];
  return [
    `Lambdas of pipeline "${plan.name}" have changed since its last checkpoint: ${changed.join(", ")}. Rows from now on see the new ones, results so far keep what they have; for one meaning throughout ${ANEW}.`,
  ];
}

/** That shards were asked for, and do not have the threads that they might have. */
export function shardNotice(
  plan: Plan,
  threads: number,
  { parallelism = 1, planElsewhere }: Pick<RunOptions, "parallelism" | "planElsewhere">,
): string[] {
  const own = ownSources(plan).map((id) => `"${id}"`);
  if (parallelism === 1 || planElsewhere === undefined || threads > 1 || own.length === 0) return [];
  return [
    `All shards are on the main thread, whatever --parallelism says, for the rows of ${own.join(", ")} are those of this process.`,
  ];
}

/** That decode threads were asked for, and that some of the sources cannot use them. */
export function decodeNotice(threads: number, sources: ReadonlyMap<string, Source>): string[] {
  const here = [...sources].flatMap(([id, { elsewhere }]) => (elsewhere === undefined ? [`"${id}"`] : []));
  if (threads === 0 || here.length === 0) return [];
  return [
    `Read on the main thread, whatever --decode-threads says: ${here.join(", ")}. Only files can be read on others, by the decoders of dataflow/json, dataflow/csv and dataflow/lines.`,
  ];
}

/** That some sources give their rows once. */
export function liveNotice(plan: Plan): string[] {
  const live = liveSources(plan);
  if (live.length === 0) return [];
  const named = live.map((id) => `"${id}"`).join(", ");
  return [
    `Read once: ${named}. What these sources give does not come again: a crash loses the rows since the last checkpoint, also for sinks that show each row once. An inbox keeps them: inbox(source, { path }) of dataflow/inbox.`,
  ];
}
