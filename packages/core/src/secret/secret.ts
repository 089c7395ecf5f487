import { readFileSync, statSync } from "node:fs";
import { resolve } from "node:path";
import { inspect } from "node:util";
import { DataflowError, reasonOf } from "../error.ts";
import type { Json } from "../json.ts";
import { keepOut } from "./redact.ts";

const REFERENCE = /^(env|file):([^\0]+)$/;
/** Shorter values are part of many words, so they could not be kept out of messages. */
const LENGTH_MIN = 4;
const FILE_BYTES_MAX = 64 * 1024;

/** Where a secret lies: a variable of the environment, or a file. */
export type SecretReference = `env:${string}` | `file:${string}`;

/**
 * A secret by reference: it holds the name of a variable or file, never the value. As text, as JSON and in a
 * debugger it is `secret(env:NAME)`, and so it is kept in options, state and intents.
 */
export interface Secret {
  readonly kind: "secret";
  readonly reference: SecretReference;
  /**
   * The value as it is now, for whoever opens a connection; from then on no message of the engine shows it. Relative
   * paths of files start in `directory`, by default that of the process. One line end at the end of a file is left out.
   * @throws DF_SECRET when the variable or file is missing, unreadable or shorter than 4 characters
   */
  reveal(directory?: string): string;
  toString(): string;
  toJSON(): string;
}

/**
 * A secret in a variable of the environment, `secret("env:NAME")`, or in a file, `secret("file:PATH")`.
 * @throws DF_SECRET for other text
 */
export function secret(reference: SecretReference): Secret {
  const [, place, name = ""] = REFERENCE.exec(reference) ?? [];
  if (!isReference(reference)) {
    // Not with the text that was given: it may be the secret itself.
    throw new DataflowError(
      "DF_SECRET",
      `A secret is given by reference, "env:NAME" or "file:PATH", never by its value.`,
    );
  }
  const shown = `secret(${reference})`;
  const made = {
    kind: "secret",
    reference,
    reveal: (directory = process.cwd()) => {
      const value = place === "env" ? fromVariable(name, shown) : fromFile(resolve(directory, name), shown);
      if (value.length < LENGTH_MIN) throw tooShort(value, shown);
      keepOut(value, shown);
      return value;
    },
    toString: () => shown,
    toJSON: () => shown,
    [inspect.custom]: () => shown,
  } as const;
  return Object.freeze(made);
}

/** Whether text says where a secret lies: `env:NAME` or `file:PATH`. */
export function isReference(text: string): text is SecretReference {
  return REFERENCE.test(text);
}

/**
 * The secret that options carry as the JSON `secret(env:NAME)`: a connector that is opened for an intent of an earlier
 * process finds its credentials anew.
 * @throws DF_SECRET for other JSON
 */
export function storedSecret(stored: Json | undefined): Secret {
  return secret((storedReference(stored) ?? "") as SecretReference);
}

function storedReference(stored: unknown): string | undefined {
  return typeof stored === "string" ? /^secret\((.*)\)$/s.exec(stored)?.[1] : undefined;
}

/** Options without where their secrets lie: credentials may move, and the target is the same. */
export function withoutReferences(options: Json): Json {
  const replace = (_name: string, value: unknown): unknown =>
    storedReference(value) === undefined ? value : "secret";
  return JSON.parse(JSON.stringify(options, replace)) as Json;
}

/** Whether a value is what `secret()` makes, also by another copy of this package. */
export function isSecret(value: unknown): value is Secret {
  return typeof value === "object" && value !== null && "kind" in value && value.kind === "secret";
}

function fromVariable(name: string, shown: string): string {
  const value = process.env[name];
  if (value !== undefined) return value;
  throw new DataflowError(
    "DF_SECRET",
    `There is no variable ${name} in the environment, which ${shown} refers to. Set it, or mend the reference.`,
  );
}

function fromFile(path: string, shown: string): string {
  const refuse = (why: string, cause?: unknown): never => {
    throw new DataflowError("DF_SECRET", `The file ${path}, which ${shown} refers to, ${why}`, { cause });
  };
  try {
    const { size, mode } = statSync(path);
    if (size > FILE_BYTES_MAX) refuse(`has ${size} bytes; a secret has at most ${FILE_BYTES_MAX}.`);
    const bytes = readFileSync(path);
    if (process.platform !== "win32" && (mode & 0o004) !== 0) warnReadable(path, shown);
    const text = new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return text.replace(/\r?\n$/, "");
  } catch (thrown) {
    if (thrown instanceof DataflowError) throw thrown;
    const why = thrown instanceof TypeError ? "it is no UTF-8" : reasonOf(thrown);
    return refuse(`cannot be read: ${why}. Mend the file or the reference.`, thrown);
  }
}

const warned = new Set<string>();

/** A warning, since container platforms mount secrets so by default, where no other user can come near. */
function warnReadable(path: string, shown: string): void {
  if (warned.has(path)) return;
  warned.add(path);
  process.emitWarning(
    `The file ${path} of ${shown} can be read by every user of this machine. Take that away: chmod o-rwx ${path}`,
    { type: "Warning", code: "DF_SECRET_FILE" },
  );
}

function tooShort(value: string, shown: string): DataflowError {
  const is = value === "" ? "is empty" : `is shorter than ${LENGTH_MIN} characters`;
  return new DataflowError(
    "DF_SECRET",
    `The value of ${shown} ${is}, so it could not be told from other text and kept out of messages. Give a longer one.`,
  );
}
