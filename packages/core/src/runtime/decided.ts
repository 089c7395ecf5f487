/** What was decided and is not shown yet: finished without the plan of the pipeline. */
import { present } from "../assert.ts";
import type { CheckpointRecord, Identity, SinkRecord, StoredIntent } from "../checkpoint/records.ts";
import type { StateFile } from "../checkpoint/state-file.ts";
import { DataflowError } from "../error.ts";
import { own } from "../own.ts";
import { type Connectors, type OnStep, type Shown, SinkDelivery, type SinkEnvironment } from "./delivery.ts";

/** An open state, and what its sinks need. */
export interface SinkHost {
  readonly state: StateFile;
  readonly identity: Identity;
  readonly connectors: Connectors;
  /** What relative paths of targets start from. */
  readonly directory: string;
  /** The code of a sink's spec, where there is a plan that has it. */
  codeOf(record: SinkRecord): unknown;
  /** Old ids by new ones, where there is a plan that says so. */
  readonly renamedFrom?: Readonly<Record<string, string>> | undefined;
  readonly onStep: OnStep;
  readonly onShown: (shown: Shown) => void;
}

/** Opens a sink on a target that continues the state. @throws as `SinkDelivery.check` */
export async function openDelivery(
  record: SinkRecord,
  host: SinkHost,
  intent?: StoredIntent,
): Promise<SinkDelivery> {
  const delivery = await SinkDelivery.open(record, environmentOf(record, host));
  try {
    await delivery.prepare();
    await delivery.check(intent);
    return delivery;
  } catch (thrown) {
    await delivery.close().catch(() => undefined);
    throw thrown;
  }
}

/** What a sink is opened with. */
export function environmentOf(record: SinkRecord, host: SinkHost): SinkEnvironment {
  const { state, identity, connectors, directory, onStep, renamedFrom = {} } = host;
  const code = host.codeOf(record);
  return { state, identity, connectors, directory, code, renamedFrom: own(renamedFrom, record.id), onStep };
}

/** Finishes what has an intent: intents are self-contained. */
export async function finishIntents(host: SinkHost): Promise<void> {
  const records = new Map((await host.state.sinks()).map((record) => [record.id, record]));
  for (const intent of await host.state.intents()) {
    const record = present(records.get(intent.sink), `the record of sink "${intent.sink}"`);
    const delivery = await openDelivery(record, host, intent);
    try {
      host.onShown(await delivery.finish(intent));
    } finally {
      await delivery.close();
    }
  }
}

/** Delivers what some sinks hold; their targets may be gone if nothing is held for them. */
export async function deliverHeld(
  records: readonly SinkRecord[],
  restored: CheckpointRecord | undefined,
  host: SinkHost,
): Promise<void> {
  const holding = new Set((await host.state.undelivered()).map(({ sink }) => sink));
  for (const record of records) {
    if (!holding.has(record.id)) continue;
    const delivery = await openDelivery(record, host);
    try {
      host.onShown(await delivery.deliver(present(restored, "the checkpoint of what is held")));
    } finally {
      await delivery.close();
    }
  }
}

/** A state that is catching up with its targets holds rows that they show already. @throws DF_ADOPT_UNFINISHED */
export function refuseUnfinished({ adopts, pipeline }: Identity): void {
  if (adopts.length === 0) return;
  const sinks = adopts.map(({ sink }) => `"${sink}"`).join(", ");
  throw new DataflowError(
    "DF_ADOPT_UNFINISHED",
    `The state of pipeline "${pipeline}" is being brought to where the targets of ${sinks} are, and that has not ended. Give the same "dataflow adopt" again, or go on with a copy of the state from before.`,
  );
}
