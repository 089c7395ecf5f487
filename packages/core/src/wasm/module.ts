import { bytesOf, encoded, TYPES, unsigned } from "./code.ts";
import type { Code, Hint, Local, ValueType } from "./code.ts";

/** What a function takes and gives. */
export interface Signature {
  readonly params: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** A function with its local variables. */
export interface WasmFunction extends Signature {
  /** Those behind the parameters, in their order. */
  readonly locals: readonly Local[];
  readonly body: Code;
}

/** A module with one function. */
export interface OneFunctionModule {
  /** Functions that it calls, by their names in the imports `env`; the first has index 0. */
  readonly imports: Readonly<Record<string, Signature>>;
  /** Exported as `run`. */
  readonly run: WasmFunction;
}

/** What is used of WebAssembly: the types of Node and ES2024 leave it out. */
export interface Wasm {
  readonly Memory: new (options: { initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly env: Readonly<Record<string, unknown>> },
  ) => { readonly exports: Readonly<Record<string, unknown>> };
}

const HEADER = [0x00, 0x61, 0x73, 0x6d, 1, 0, 0, 0];
const SECTIONS = { custom: 0, type: 1, import: 2, function: 3, export: 7, code: 10 } as const;
const FUNCTION = 0x60;
const KINDS = { function: 0, memory: 2 } as const;
const AT_LEAST = 0;
const END = 0x0b;

/** The bytes of a module; its memory is the import `memory`. https://webassembly.github.io/spec/core/binary/modules */
export function moduleBytes({ imports, run }: OneFunctionModule): Uint8Array<ArrayBuffer> {
  const names = Object.keys(imports);
  const functions = names.map((name, type) => [text("env"), text(name), KINDS.function, unsigned(type)]);
  const memory = [text("env"), text("memory"), KINDS.memory, AT_LEAST, 0];
  const locals = bytesOf(list(run.locals.map(({ type }) => [1, TYPES[type]])));
  const { bytes, hints } = encoded(run.body);
  return Uint8Array.from(
    bytesOf([
      HEADER,
      section("type", list([...Object.values(imports), run].map(typeOf))),
      section("import", list([...functions, memory])),
      section("function", list([unsigned(names.length)])),
      section("export", list([[text("run"), KINDS.function, unsigned(names.length)]])),
      hintsSection(names.length, locals.length, hints),
      section("code", list([sized([locals, bytes, END])])),
    ]),
  );
}

/** Local variables for a function, numbered behind its parameters. */
export function localsOf<const Names extends Readonly<Record<string, ValueType>>>(
  params: number,
  names: Names,
): { readonly [Name in keyof Names]: Local } {
  const made = Object.entries(names).map(([name, type], at) => [name, { index: params + at, type }]);
  return Object.fromEntries(made) as { readonly [Name in keyof Names]: Local };
}

function typeOf({ params, results }: Signature): Code {
  const types = (of: readonly ValueType[]): Code => list(of.map((type) => TYPES[type]));
  return [FUNCTION, types(params), types(results)];
}

/** What is expected of conditions; engines may pass over it. https://github.com/WebAssembly/branch-hinting */
function hintsSection(index: number, codeAt: number, hints: readonly Hint[]): Code {
  const ofOne = hints.map(({ at, holds }) => [unsigned(codeAt + at), 1, Number(holds)]);
  const ofAll = list([[unsigned(index), list(ofOne)]]);
  return section("custom", [text("metadata.code.branch_hint"), ofAll]);
}

function section(name: keyof typeof SECTIONS, content: Code): Code {
  return [SECTIONS[name], sized(content)];
}

/** The content behind the count of its bytes. */
function sized(content: Code): Code {
  const bytes = bytesOf(content);
  return [unsigned(bytes.length), bytes];
}

function list(items: readonly Code[]): Code {
  return [unsigned(items.length), items];
}

function text(name: string): Code {
  return sized([...new TextEncoder().encode(name)]);
}
