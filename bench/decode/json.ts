/** JSON Lines into columns, beside `JSON.parse` of one line after the other, and WebAssembly beside JavaScript. */
import { readFileSync } from "node:fs";
import { t } from "@df/core";
import { json, type LineDecoder } from "@df/formats";
import { JsonLines } from "@df/formats/json/lines";
import { Walks } from "@df/formats/json/walks";
import { RECORD_BYTES_MAX } from "@df/formats/record-bytes";
import { warm, type Benchmark, type Done } from "../benchmark.ts";
import { ALL, Bid, bid, decoding, FEW, jsonLines } from "./bids.ts";

const Quake = t.row({
  id: t.string(),
  time: t.timestamp({ json: "ms" }),
  mag: t.float64().nullable(),
  place: t.string().nullable(),
  longitude: t.float64(),
  latitude: t.float64(),
  depth: t.float64().nullable(),
});
const QUAKES = new URL("../../examples/01-earthquakes/input/earthquakes.jsonl", import.meta.url);
const QUAKES_REPEATED = 40;
const Event = t.row({
  type: t.string(),
  dateTime: t.timestamp({ json: "ms" }),
  auction: t.int().optional(),
  price: t.int().optional(),
});

/** One event in twelve is a person, the others are bids. */
function event(i: number): object {
  const { eid, extra, dateTime } = bid(i);
  if (i % 12 !== 0) return bid(i);
  return { type: "person", eid, id: i, name: `Ann ${i}`, city: "Kent", dateTime, extra };
}

function reversed(object: object): object {
  return Object.fromEntries(Object.entries(object).toReversed());
}

/** Each line begins with another key: there are more orders of keys than are learned. */
function turned(object: object, by: number): object {
  const entries = Object.entries(object);
  const at = by % entries.length;
  return Object.fromEntries([...entries.slice(at), ...entries.slice(0, at)]);
}

/** Another order of keys in each line: no layout comes again. */
function shuffled(object: object, i: number): object {
  const entries = Object.entries(object);
  let random = i;
  for (let left = entries.length; left > 1; left--) {
    random = (Math.imul(random, 1_664_525) + 1_013_904_223) >>> 0;
    const [moved] = entries.splice(Math.floor((random / 2 ** 32) * left), 1);
    if (moved !== undefined) entries.push(moved);
  }
  return Object.fromEntries(entries);
}

function parsing(lines: Buffer): () => Done {
  return () => {
    let units = 0;
    for (let at = 0; at < lines.length; units++) {
      const end = lines.indexOf(10, at);
      JSON.parse(lines.toString("utf8", at, end));
      at = end + 1;
    }
    return { units };
  };
}

interface Shape {
  readonly text: () => Buffer;
  /** Of a bid, unless `decode` says what else; the few that a query needs by default. */
  readonly columns?: readonly string[];
  readonly decode?: LineDecoder;
  readonly learned?: boolean;
}

const plainBids = (): Buffer => jsonLines((i) => JSON.stringify(bid(i)));
const SHAPES: Readonly<Record<string, Shape>> = {
  "bids, 4 of 9 columns": { text: plainBids },
  "bids, 9 of 9 columns": { text: plainBids, columns: ALL },
  "bids, interpreted": { text: plainBids, columns: ALL, learned: false },
  "bids, two orders of keys": {
    text: () => jsonLines((i) => JSON.stringify(i % 2 === 0 ? bid(i) : reversed(bid(i)))),
  },
  "bids, nine orders of keys": { text: () => jsonLines((i) => JSON.stringify(turned(bid(i), i))) },
  "bids, keys shuffled in each line": { text: () => jsonLines((i) => JSON.stringify(shuffled(bid(i), i))) },
  "bids, keys shuffled, with blanks": {
    text: () => jsonLines((i) => JSON.stringify(shuffled(bid(i), i), null, 1).replaceAll("\n", "")),
  },
  "bids with blanks": { text: () => jsonLines((i) => JSON.stringify(bid(i), null, 1).replaceAll("\n", "")) },
  "bids and persons": {
    text: () => jsonLines((i) => JSON.stringify(event(i))),
    decode: json(Event),
    columns: Event.schema.fields.map(({ name }) => name),
  },
  earthquakes: {
    text: () => Buffer.concat(Array.from({ length: QUAKES_REPEATED }, () => readFileSync(QUAKES))),
    decode: json(Quake),
    columns: Quake.schema.fields.map(({ name }) => name),
  },
};
const SHORT = new Set(["bids, 9 of 9 columns", "bids, two orders of keys"]);

/** Shapes that are also decoded without WebAssembly, to set one beside the other. */
const IN_SCRIPT = new Set(["bids, 4 of 9 columns", "bids and persons", "earthquakes"]);

/** The decoder as it is where there is no WebAssembly. */
function inScript({ schema, ...decode }: LineDecoder): LineDecoder {
  const recordBytesMax = RECORD_BYTES_MAX;
  return {
    ...decode,
    schema,
    open: (columns) => {
      const walks = new Walks({ schema, columns, recordBytesMax, script: true });
      return new JsonLines(schema, columns, { recordBytesMax, walks });
    },
  };
}

const BESIDE_SCRIPT: readonly Benchmark[] = Object.entries(SHAPES)
  .filter(([name]) => IN_SCRIPT.has(name))
  .map(([name, { text, decode = json(Bid), columns = FEW }]) =>
    warm(`json/${name}, beside script`, "row", () => {
      const lines = text();
      return {
        reference: decoding(inScript(decode), columns, lines),
        subject: decoding(decode, columns, lines),
      };
    }),
  );

const BESIDE_PARSE: readonly Benchmark[] = Object.entries(SHAPES).map(
  ([name, { text, decode = json(Bid), columns = FEW, learned = true }]) =>
    warm(
      `json/${name}`,
      "row",
      () => {
        const lines = text();
        return { reference: parsing(lines), subject: decoding(decode, columns, lines, learned) };
      },
      { short: SHORT.has(name) },
    ),
);

/** Decoding JSON Lines. */
export const BENCHMARKS: readonly Benchmark[] = [...BESIDE_PARSE, ...BESIDE_SCRIPT];
