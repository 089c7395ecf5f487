/**
 * What a run of the command did to the files below its folder, as strace saw it, in the order in which it was done.
 *
 * `fsync` is answered by strace and never reaches the disk: a recording is to be judged by what was asked for, and
 * need not wait. io_uring is refused, so that no write passes unseen.
 */
import { spawnSync } from "node:child_process";
import { readFileSync, rmSync } from "node:fs";
import { resolve } from "node:path";
import { commandLine } from "../command.ts";

/** One thing that was done. Numbers of lines say when: what ended before another began was done before it. */
export type Deed = {
  readonly began: number;
  readonly ended: number;
} & (
  | { readonly kind: "open"; readonly fd: number; readonly path: string; readonly flags: string }
  | { readonly kind: "write"; readonly fd: number; readonly at: number | undefined; readonly bytes: Buffer }
  | { readonly kind: "truncate"; readonly fd: number; readonly length: number }
  | { readonly kind: "sync"; readonly fd: number; readonly path: string }
  | { readonly kind: "mkdir" | "unlink"; readonly path: string }
  | { readonly kind: "link" | "rename"; readonly path: string; readonly to: string }
  | { readonly kind: "said"; readonly text: string }
  /** Not seen, but found in the folder before a run. */
  | { readonly kind: "found"; readonly path: string; readonly bytes: Buffer | "directory" | "gone" }
  /** All that was found is durable. */
  | { readonly kind: "settled" }
  /** A run begins on a state with this epoch. */
  | { readonly kind: "start"; readonly epoch: number }
);

/** Calls that are understood; names that exist on one kind of machine only are asked for where they are. */
const OPENS = ["open", "openat", "creat"];
const WRITES = ["write", "pwrite64", "fsync", "fdatasync", "ftruncate"];
const NAMES = ["mkdir", "unlink", "link", "rename", "mkdirat", "unlinkat", "linkat", "renameat", "renameat2"];
/** Ways to change files that nothing of ours uses: an error where they are used below the folder. */
const FOREIGN = ["writev", "pwritev", "pwritev2", "sync_file_range", "truncate", "fallocate", "mmap"].concat([
  "copy_file_range",
  "sendfile",
  "splice",
  "rmdir",
  "symlink",
  "symlinkat",
]);

/** The calls of all threads, with whole texts and the paths of open files, both in hexadecimal. */
const OPTIONS = [
  "-f",
  "--seccomp-bpf",
  "-y",
  "-xx",
  "--string-limit=100000000",
  `--trace=${[...OPENS, ...WRITES, ...NAMES, ...FOREIGN, "io_uring_setup"].map((name) => `?${name}`).join(",")}`,
  "--inject=fsync,fdatasync:retval=0",
  "--inject=io_uring_setup:error=ENOSYS",
];

/** Runs the command in `folder` and gives what it did there, and the signal or code that ended it. */
export function record(
  folder: string,
  given: readonly string[],
  env: Readonly<Record<string, string>>,
): { readonly deeds: readonly Deed[]; readonly end: string; readonly stderr: string } {
  const trace = `${folder}.trace`;
  const { status, signal, stderr } = spawnSync("strace", [...OPTIONS, "-o", trace, ...commandLine(given)], {
    cwd: folder,
    encoding: "utf8",
    // What Node compiled is nothing that a power cut may not take.
    env: { ...process.env, NODE_DISABLE_COMPILE_CACHE: "1", ...env },
    timeout: 120_000,
  });
  const deeds = deedsOf(readFileSync(trace), folder);
  rmSync(trace);
  return { deeds, end: String(signal ?? status), stderr };
}

/** The deeds of a trace that lie below `folder`, in the order in which they ended. Failed and unended ones are left out. */
export function deedsOf(trace: Buffer, folder: string): Deed[] {
  const deeds: Deed[] = [];
  const unfinished = new Map<string, { readonly began: number; readonly call: string }>();
  for (let number = 0, at = 0; at < trace.length; number++) {
    const next = trace.indexOf(10, at);
    const line = trace.toString("latin1", at, next < 0 ? trace.length : next);
    at = next < 0 ? trace.length : next + 1;
    const [, thread = "", text = ""] = /^(\d+)\s+(.*)$/.exec(line) ?? [];
    if (text.endsWith(" <unfinished ...>")) {
      unfinished.set(thread, { began: number, call: text.slice(0, -" <unfinished ...>".length) });
      continue;
    }
    const before = text.startsWith("<... ") ? unfinished.get(thread) : undefined;
    const call = before === undefined ? text : before.call + text.slice(text.indexOf("resumed>") + 8);
    const deed = deedOf(call, folder);
    if (deed !== undefined) deeds.push({ ...deed, began: before?.began ?? number, ended: number } as Deed);
  }
  return deeds;
}

type Undated = Deed extends infer Each ? (Each extends Deed ? Omit<Each, "began" | "ended"> : never) : never;

function deedOf(call: string, folder: string): Undated | undefined {
  const name = call.slice(0, call.indexOf("("));
  const answer = / = (\d+)(?:<[^>]*>)?(?: \(.*\))?$/.exec(call.slice(-2_000))?.[1];
  if (answer === undefined) return undefined;
  const isOurs = (path: string): boolean => path.startsWith(`${folder}/`);
  if (FOREIGN.includes(name)) {
    if (isHarmless(name, call) || !pathsOf(call, folder).some(isOurs)) return undefined;
    throw new Error(`The recorder does not know how ${name} changes a file: ${call.slice(0, 300)}`);
  }
  if (WRITES.includes(name)) return writeOf(name, call, Number(answer), isOurs);
  const [path = "", to = ""] = pathsOf(call, folder).filter((one) => one !== folder);
  if (!isOurs(path)) return openOf(name, call, folder, Number(answer));
  const kind = name.replace(/at2?$/, "");
  if (kind === "mkdir" || kind === "unlink") return { kind, path };
  if (kind === "link" || kind === "rename") return { kind, path, to };
  return openOf(name, call, folder, Number(answer));
}

/** Directories too are opened, to be synced. */
function openOf(name: string, call: string, folder: string, fd: number): Undated | undefined {
  if (!OPENS.includes(name)) return undefined;
  const path = resolve(folder, String(unhex(/"([^"]*)"/.exec(call)?.[1] ?? "")));
  if (path !== folder && !path.startsWith(`${folder}/`)) return undefined;
  return { kind: "open", fd, path, flags: /O_[A-Z_|]+/.exec(call)?.[0] ?? "" };
}

function writeOf(
  name: string,
  call: string,
  answer: number,
  isOurs: (path: string) => boolean,
): Undated | undefined {
  const [, descriptor = "", hex = ""] = /\((\d+)<([^>]*)>/.exec(call.slice(0, 20_000)) ?? [];
  const fd = Number(descriptor);
  const bytes = (): Buffer => unhex(/"([^"]*)"/.exec(call)?.[1] ?? "").subarray(0, answer);
  if (name === "write" && fd === 2) return { kind: "said", text: bytes().toString() };
  const path = unhex(hex).toString();
  if (name.startsWith("f") && name.endsWith("sync")) return { kind: "sync", fd, path };
  if (!isOurs(path)) return undefined;
  const last = Number(/, (\d+)\)\s+= \d+$/.exec(call.slice(-200))?.[1]);
  if (name === "ftruncate") return { kind: "truncate", fd, length: last };
  return { kind: "write", fd, at: name === "pwrite64" ? last : undefined, bytes: bytes() };
}

/** Reading through a map, or writing to a private one, changes no file. */
function isHarmless(name: string, call: string): boolean {
  return name === "mmap" && !(call.includes("PROT_WRITE") && call.includes("MAP_SHARED"));
}

/** All paths that a call names, by text or by open file. */
function pathsOf(call: string, folder: string): string[] {
  return [...call.matchAll(/["<]((?:\\x[0-9a-f]{2})+)[">]/g)].map(([, hex = ""]) =>
    resolve(folder, String(unhex(hex))),
  );
}

function unhex(text: string): Buffer {
  return Buffer.from(text.replaceAll(String.raw`\x`, ""), "hex");
}
