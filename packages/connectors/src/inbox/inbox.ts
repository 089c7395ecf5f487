import { resolve } from "node:path";
import { fileURLToPath } from "node:url";
import {
  DataflowError,
  fieldOf,
  type LiveSource,
  type Source,
  type SourceContext,
  type TypedSource,
  checkOptions,
} from "@df/core";
import { refuseUnsafeInbox } from "@df/core/checkpoint/file-system";
import { closeAll } from "@df/core/runtime/closing";
import { InboxLog } from "./inbox-log.ts";
import { InboxReader, sequenceOf } from "./inbox-reader.ts";
import { Intake } from "./intake.ts";

/** Where an inbox lies, and what it keeps. */
export interface InboxOptions<Row> {
  /** A file on a local disk, made if it is not there. Relative paths start where the command runs. */
  readonly path: string | URL;
  /** The column that tells events apart: a row whose id is among the newest `idsMax` is left out. */
  readonly id?: (keyof Row & string) | undefined;
  /** Rows whose ids are remembered. Default: 1,000,000. */
  readonly idsMax?: number | undefined;
  /** Bytes of undelivered rows from which on it takes no more. Default: 1 GiB. */
  readonly budget?: number | undefined;
}

/** A source behind an inbox: what it gave is kept until every sink has shown it, so it can be read again. */
export interface InboxSource<out Row> extends TypedSource<Row> {
  readonly history: "inbox";
}

const IDS_MAX = 1_000_000;
const BUDGET = 1024 * 1024 * 1024;

/**
 * Puts an inbox before a source that is read once: its rows become durable in a file before anything is made of them,
 * and stay there until every sink has shown what was made of them. One split; a row's position is its number in the
 * inbox.
 * @throws DF_OPTION for options that make no sense, DF_NO_COLUMN; opening throws DF_STATE_FILE_SYSTEM, and as `InboxLog.open` and `sequenceOf` do
 */
export function inbox<Row>(source: LiveSource<Row>, options: InboxOptions<Row>): InboxSource<Row> {
  checkInbox(source, options);
  return {
    name: "inbox",
    schema: source.schema,
    options: {},
    rows: "events",
    bounded: source.bounded,
    history: "inbox",
    open: (context) => openInbox(source, options, context),
  };
}

async function openInbox<Row>(
  source: LiveSource<Row>,
  { path, id, idsMax = IDS_MAX, budget = BUDGET }: InboxOptions<Row>,
  context: SourceContext,
): Promise<Source> {
  const file = path instanceof URL ? fileURLToPath(path) : resolve(context.directory, path);
  if (context.unsafeStateFs !== true) refuseUnsafeInbox(file);
  const log = await InboxLog.open({ file, schema: source.schema, id, idsMax, budget });
  const inner = await source.open({ ...context, schema: source.schema }).catch(async (error: unknown) => {
    await log.close();
    throw error;
  });
  let intake: Intake | undefined;
  return {
    splits: async () => [{ id: "0" }],
    read: (_split, position) => {
      const first = sequenceOf(position, log.extent, file);
      const taking = (intake ??= new Intake(inner.read({ id: "0" }, undefined), source.schema, log));
      const ended = (): boolean => taking.ended();
      return new InboxReader({ log, schema: source.schema, wanted: context.schema, first, ended });
    },
    committed: async (_epoch, positions) => {
      const position = positions.get("0");
      if (position !== undefined) await log.forget(sequenceOf(position, log.extent, file));
    },
    close: () => closeAll([...(intake === undefined ? [] : [intake]), inner, log]),
  };
}

function checkInbox<Row>(source: LiveSource<Row>, options: InboxOptions<Row>): void {
  checkOptions(options, ["path", "id", "idsMax", "budget"], "inbox()");
  const { path, id, idsMax = IDS_MAX, budget = BUDGET } = options;
  if (source.history !== "none") {
    throw new DataflowError(
      "DF_OPTION",
      `inbox() takes a source that is read once; ${source.name}() can be read again, and needs no inbox.`,
    );
  }
  if ((typeof path !== "string" || path === "") && !(path instanceof URL && path.protocol === "file:")) {
    throw new DataflowError("DF_OPTION", `path of inbox() is ${JSON.stringify(path)}: name a file.`);
  }
  checkCount("idsMax", idsMax);
  checkCount("budget", budget);
  if (id === undefined) return;
  const { nullable, optional } = fieldOf(source.schema, id);
  if (!nullable && !optional) return;
  throw new DataflowError(
    "DF_OPTION",
    `The id "${id}" of inbox() may be null: such rows cannot be told apart. Declare it without .nullable() and .optional().`,
  );
}

function checkCount(name: string, value: number): void {
  if (Number.isSafeInteger(value) && value >= 1) return;
  throw new DataflowError("DF_OPTION", `${name} of inbox() is ${value}: give a whole number from 1.`);
}
