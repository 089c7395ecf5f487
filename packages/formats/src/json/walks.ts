import type { Schema } from "@df/core";
import { Kernel } from "./kernel.ts";
import { layoutKey } from "./layout.ts";
import type { Layout } from "./layout.ts";
import { compileWalk } from "./walk.ts";
import type { Walk } from "./walk.ts";

/** Layouts whose code is kept. */
const WALKS_MAX = 64;

/** What generated code depends on besides the layout. */
export interface WalksOptions {
  /** All columns, and those that are read. */
  readonly schema: Schema;
  readonly columns: Schema;
  readonly recordBytesMax: number;
  /** JavaScript also where WebAssembly could be had: for tests and measurements. */
  readonly script?: boolean;
}

/** The code for layouts, shared by all decoders of a source: it is made, and warmed up, once and not for every file. */
export class Walks {
  /** Undefined where there is only JavaScript. */
  readonly kernel: Kernel | undefined;
  readonly #options: WalksOptions;
  readonly #made: Map<string, Walk> = new Map();

  constructor(options: WalksOptions) {
    this.#options = options;
    this.kernel = options.script === true ? undefined : Kernel.open(options);
  }

  /** Whether there is code for the layout with this key. */
  has(key: string): boolean {
    return this.#made.has(key);
  }

  /** The code for a layout; undefined where code may not be generated. */
  get(layout: Layout): Walk | undefined {
    const key = layoutKey(layout);
    const made = this.#made.get(key);
    if (made !== undefined) return made;
    const { schema, columns, recordBytesMax } = this.#options;
    const walk = compileWalk({ layout, fields: schema.fields, wanted: columns.fields, recordBytesMax });
    if (walk !== undefined && this.#made.size < WALKS_MAX) this.#made.set(key, walk);
    return walk;
  }
}
