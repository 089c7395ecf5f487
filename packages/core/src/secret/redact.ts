/** The values of secrets that this process has revealed, kept so that no message shows them. */
import { inspect } from "node:util";

/** Lines of a longer secret, such as a private key, are kept out one by one from this length on. */
const LINE_LENGTH_MIN = 16;

/** A text in which a value may turn up, and what is shown in its place. */
interface Form {
  readonly text: string;
  readonly shownAs: string;
}

/** Longest first. On the global object: a folder's own copy of this package must know what another copy revealed. */
const forms: Form[] = ((globalThis as { [key: symbol]: Form[] | undefined })[
  Symbol.for("dataflow.revealed")
] ??= []);

/** Remembers a revealed value: plain, line by line, and as it stands in JSON, in code, in a URL and in base64. */
export function keepOut(value: string, shownAs: string): void {
  const lines = value.split(/\r?\n/).filter((line) => line.length >= LINE_LENGTH_MIN);
  for (const plain of [value, ...lines]) {
    for (const text of formsOf(plain)) {
      if (!forms.some((form) => form.text === text)) forms.push({ text, shownAs });
    }
  }
  forms.sort((a, b) => b.text.length - a.text.length);
}

function formsOf(plain: string): string[] {
  return [
    plain,
    JSON.stringify(plain).slice(1, -1),
    inspect(plain).slice(1, -1),
    encodeURIComponent(plain.toWellFormed()),
    new URLSearchParams([["", plain]]).toString().slice(1),
    Buffer.from(plain).toString("base64"),
  ];
}

/** The text with `secret(env:NAME)` wherever the value of that secret stood. */
export function redacted(text: string): string {
  return forms.reduce((rest, form) => rest.replaceAll(form.text, form.shownAs), text);
}

/** The secret whose value stands in a text, as `secret(env:NAME)`; undefined when none does. */
export function revealedIn(text: string): string | undefined {
  return forms.find((form) => text.includes(form.text))?.shownAs;
}

/** What was thrown, as the cause of another error: a copy of its words if it shows a secret. */
export function redactedCause(cause: unknown): unknown {
  if (forms.length === 0) return cause;
  const shown = inspect(cause);
  if (revealedIn(shown) === undefined) return cause;
  if (!(cause instanceof Error)) return redacted(shown);
  const copy = new Error(redacted(cause.message));
  copy.name = cause.name;
  copy.stack = redacted(cause.stack ?? cause.message);
  return copy;
}
