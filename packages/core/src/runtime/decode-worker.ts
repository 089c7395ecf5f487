/** A decode thread: reads splits for the run that has started it, for each of them one poll after another. */
import { workerData, type MessagePort } from "node:worker_threads";
import { present } from "../assert.ts";
import type { OpenReaders, SplitReader } from "../connector.ts";
import { toldError } from "../thread-errors.ts";
import type { DecodeAnswer, DecodeReply, DecodeRequest } from "./decode-messages.ts";
import { packParcel } from "./parcel.ts";

type Opening = ReturnType<OpenReaders<unknown, unknown>>;

/** A reader, and the end of what it was asked for until now. */
interface Reading {
  readonly open: () => Promise<SplitReader>;
  reader: SplitReader | undefined;
  done: Promise<void>;
}

const port = workerData as MessagePort;
const sources = new Map<number, Promise<Opening>>();
const readings = new Map<number, Reading>();

port.on("message", (request: DecodeRequest) => {
  switch (request.kind) {
    case "source": {
      const opening = load(request.module, request.shared);
      sources.set(request.source, opening);
      // Whoever reads a split of it is told.
      opening.catch(() => {});
      break;
    }
    case "open": {
      const { source, split, position } = request;
      const open = async (): Promise<SplitReader> =>
        (await present(sources.get(source), "the source of a split"))(split, position);
      readings.set(request.reader, { open, reader: undefined, done: Promise.resolve() });
      break;
    }
    case "poll":
    case "close": {
      const reading = present(readings.get(request.reader), "an open reader");
      reading.done = reading.done.then(() => answer(request, reading));
    }
  }
});

async function load(module: string, shared: unknown): Promise<Opening> {
  const { openReaders } = (await import(module)) as {
    readonly openReaders: OpenReaders<unknown, unknown>;
  };
  return openReaders(shared);
}

async function answer(
  request: DecodeRequest & { readonly kind: "poll" | "close" },
  reading: Reading,
): Promise<void> {
  const reply =
    request.kind === "poll" ? await polled(request, reading) : await closed(request.reader, reading);
  const carried = reply.kind === "rows" ? [reply.parcel.buffer] : [];
  port.postMessage({ reader: request.reader, ...reply } satisfies DecodeAnswer, carried);
}

async function polled(
  { rowsMax, spare }: DecodeRequest & { readonly kind: "poll" },
  reading: Reading,
): Promise<DecodeReply> {
  try {
    reading.reader ??= await reading.open();
    const found = await reading.reader.poll(rowsMax);
    return typeof found === "string" ? { kind: found } : { kind: "rows", parcel: packParcel(found, spare) };
  } catch (thrown) {
    return { kind: "error", error: toldError(thrown) };
  }
}

async function closed(reader: number, reading: Reading): Promise<DecodeReply> {
  readings.delete(reader);
  try {
    await reading.reader?.close();
    return { kind: "closed", error: undefined };
  } catch (thrown) {
    return { kind: "closed", error: toldError(thrown) };
  }
}
