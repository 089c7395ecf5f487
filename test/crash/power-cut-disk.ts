/**
 * The files below a folder, and what of them a power cut may leave. Adversarial: nothing is durable but what a file
 * system must keep.
 *
 * - Bytes and length of a file: as they were when its last fsync began. Later writes may be lost: all, any of them, or
 *   all behind one that is torn at a sector. Those that are left of any may be torn too.
 * - Names: as they were when the last fsync of their directory began. Later ones may be lost: all, or all behind one.
 *   Fsync of a file does not keep its name, although some file systems do.
 */
import { readdirSync, readFileSync } from "node:fs";
import { basename, dirname, join, relative } from "node:path";
import type { Random } from "@df/testing/random";
import type { Deed } from "./power-cut-trace.ts";

const SECTOR_BYTES = 512;

interface Change {
  readonly began: number;
  readonly ended: number;
}
/** Bytes at a place; without bytes the file gets that length. */
interface Write extends Change {
  readonly at: number;
  readonly bytes: Buffer | undefined;
}
/** Names of one directory that change at once: to another file, or to none. */
interface Naming extends Change {
  readonly names: readonly (readonly [name: string, node: Node | undefined])[];
}

class File {
  readonly kind = "file";
  durable: Buffer = Buffer.alloc(0);
  pending: Write[] = [];
  /** Begins with what is durable, and has room behind it, where nobody looks who was given it before. */
  #room: Buffer = this.durable;

  /** The bytes with some of the pending writes. Without any it is the same buffer each time. */
  with(writes: readonly Write[]): Buffer {
    if (writes.length === 0) return this.durable;
    const end = writes.reduce((most, { at, bytes }) => Math.max(most, at + (bytes?.length ?? 0)), 0);
    const content = Buffer.alloc(Math.max(end, this.durable.length));
    this.durable.copy(content);
    let { length } = this.durable;
    for (const { at, bytes } of writes) {
      if (bytes === undefined) content.fill(0, at);
      else bytes.copy(content, at);
      length = bytes === undefined ? at : Math.max(length, at + bytes.length);
    }
    return content.subarray(0, length);
  }

  /** Makes some of the pending writes durable. */
  keep(writes: readonly Write[]): void {
    if (writes.length === 0) return;
    let { length } = this.durable;
    for (const { at, bytes } of writes) {
      if (at !== length || bytes === undefined) {
        this.durable = this.with(writes);
        this.#room = this.durable;
        return;
      }
      length += bytes.length;
    }
    if (length > this.#room.length) {
      this.#room = Buffer.alloc(length * 2);
      this.durable.copy(this.#room);
    }
    for (const { at, bytes } of writes) bytes?.copy(this.#room, at);
    this.durable = this.#room.subarray(0, length);
  }
}

class Directory {
  readonly kind = "directory";
  readonly durable = new Map<string, Node>();
  readonly live = new Map<string, Node>();
  pending: Naming[] = [];
}

type Node = File | Directory;

/** What is found after a power cut: files by their paths below the folder, directories with an empty text. */
export interface Image {
  readonly files: ReadonlyMap<string, Buffer>;
  readonly directories: readonly string[];
}

/** An fsync that is to be taken as if it had not been called. The path is that of the open file. */
export type Ignored = (path: string, kind: Node["kind"]) => boolean;

/** How much of what is pending an image keeps: each file and directory by chance, or all alike. */
const MOODS = [
  "by chance",
  "by chance",
  "by chance",
  "by chance",
  "names only",
  "bytes only",
  "nothing",
] as const;
type Mood = (typeof MOODS)[number];

/** A folder that is written to, deed by deed. */
export class Disk {
  readonly #folder: string;
  readonly #ignored: Ignored;
  readonly #root = new Directory();
  readonly #open = new Map<number, { readonly node: Node; readonly path: string; at: number }>();

  constructor(folder: string, ignored: Ignored = () => false) {
    this.#folder = folder;
    this.#ignored = ignored;
  }

  /** Does what was done. Said texts change nothing. */
  apply(deed: Deed): void {
    switch (deed.kind) {
      case "open":
        return this.#opened(deed);
      case "write": {
        const file = this.#opener(deed.fd);
        const at = deed.at ?? file.at;
        if (deed.at === undefined) file.at += deed.bytes.length;
        return this.#write(file.node, { ...deed, at });
      }
      case "truncate":
        return this.#write(this.#opener(deed.fd).node, { ...deed, at: deed.length, bytes: undefined });
      case "sync": {
        if (deed.path !== this.#folder && !deed.path.startsWith(`${this.#folder}/`)) return;
        const { node, path } = this.#opener(deed.fd);
        if (!this.#ignored(relative(this.#folder, path), node.kind)) sync(node, deed.began);
        return;
      }
      case "mkdir":
        return this.#name(deed, [[deed.path, new Directory()]]);
      case "unlink":
        return this.#name(deed, [[deed.path, undefined]]);
      case "link":
        return this.#name(deed, [[deed.to, this.#find(deed.path)]]);
      case "rename":
        return this.#name(deed, [
          [deed.path, undefined],
          [deed.to, this.#find(deed.path)],
        ]);
      case "found":
        return this.#found(deed);
      case "settled":
        return settle(this.#root);
      case "start":
      case "said":
    }
  }

  /**
   * What lies in the folder and is not known: what a killed process was about to do when it died, or a folder that was
   * there before. Nothing, where every deed was seen.
   */
  unseen(): Deed[] {
    const now = { began: -1, ended: -1, kind: "found" } as const;
    const compare = (directory: Node | undefined, path: string): Deed[] => {
      const known = directory?.kind === "directory" ? directory.live : new Map<string, Node>();
      // Sockets are nothing to anyone once their process is gone.
      const entries = readdirSync(path, { withFileTypes: true }).filter(
        (one) => one.isFile() || one.isDirectory(),
      );
      const gone = [...known.keys()].filter((name) => !entries.some((entry) => entry.name === name));
      return [
        ...gone.map((name): Deed => ({ ...now, path: join(path, name), bytes: "gone" })),
        ...entries.flatMap((entry): Deed[] => {
          const inside = join(path, entry.name);
          const node = known.get(entry.name);
          if (entry.isDirectory()) {
            const made: Deed[] = node === undefined ? [{ ...now, path: inside, bytes: "directory" }] : [];
            return [...made, ...compare(node, inside)];
          }
          const bytes = readFileSync(inside);
          const isKnown = node?.kind === "file" && bytes.equals(node.with(node.pending));
          return isKnown ? [] : [{ ...now, path: inside, bytes }];
        }),
      ];
    };
    return compare(this.#root, this.#folder);
  }

  /** The names in a directory now, whether or not a power cut would leave them; none where it is not. */
  names(path: string): readonly string[] {
    const node = this.#find(join(this.#folder, path));
    return node?.kind === "directory" ? [...node.live.keys()] : [];
  }

  /** What a power cut at this moment may leave. */
  image(random: Random): Image {
    const mood = MOODS[random.below(MOODS.length)] as Mood;
    const files = new Map<string, Buffer>();
    const directories: string[] = [];
    const walk = (directory: Directory, path: string): void => {
      for (const [name, node] of left(directory, mood, random)) {
        const inside = path === "" ? name : `${path}/${name}`;
        if (node.kind === "file") {
          files.set(inside, node.with(kept(node.pending, mood, random)));
          continue;
        }
        directories.push(inside);
        walk(node, inside);
      }
    };
    walk(this.#root, "");
    return { files, directories };
  }

  #opened({ began, ended, fd, path, flags }: Deed & { readonly kind: "open" }): void {
    let node = this.#find(path);
    if (node === undefined) this.#name({ began, ended }, [[path, (node = new File())]]);
    if (/\bO_TRUNC\b/.test(flags)) this.#write(node, { began, ended, at: 0, bytes: undefined });
    if (/\bO_APPEND\b/.test(flags))
      throw new Error(`${path} was opened to append, which the recorder cannot place`);
    this.#open.set(fd, { node, path, at: 0 });
  }

  #found({ began, ended, path, bytes }: Deed & { readonly kind: "found" }): void {
    if (bytes === "gone") return this.#name({ began, ended }, [[path, undefined]]);
    if (bytes === "directory") return this.#name({ began, ended }, [[path, new Directory()]]);
    const node = this.#find(path) ?? new File();
    if (this.#find(path) === undefined) this.#name({ began, ended }, [[path, node]]);
    if (node.kind !== "file") return;
    // What is as it was is no deed: it was not written again, and may be durable.
    const before = node.with(node.pending);
    const [from, to] = difference(before, bytes);
    if (bytes.length < before.length) this.#write(node, { began, ended, at: bytes.length, bytes: undefined });
    if (to > from) this.#write(node, { began, ended, at: from, bytes: bytes.subarray(from, to) });
  }

  #opener(fd: number): { readonly node: Node; readonly path: string; at: number } {
    const open = this.#open.get(fd);
    if (open === undefined) throw new Error(`the recorder has not seen file ${fd} being opened`);
    return open;
  }

  #write(node: Node, { began, ended, at, bytes }: Write): void {
    if (node.kind === "file") node.pending.push({ began, ended, at, bytes });
  }

  /** What is in one directory changes at once; of a move between two each may keep its part without the other's. */
  #name(
    { began, ended }: Change,
    changes: readonly (readonly [path: string, node: Node | undefined])[],
  ): void {
    const within = new Map<Directory, [string, Node | undefined][]>();
    for (const [path, node] of changes) {
      const directory = this.#find(dirname(path));
      if (directory?.kind !== "directory")
        throw new Error(`the recorder does not know the directory of ${path}`);
      const names = within.get(directory) ?? [];
      within.set(directory, [...names, [basename(path), node]]);
    }
    for (const [directory, names] of within) {
      directory.pending.push({ began, ended, names });
      rename(directory.live, names);
    }
  }

  #find(path: string): Node | undefined {
    let node: Node | undefined = this.#root;
    for (const name of relative(this.#folder, path).split("/")) {
      if (name !== "") node = node?.kind === "directory" ? node.live.get(name) : undefined;
    }
    return node;
  }
}

/** The part of the later bytes that is other than before; what is behind it stands at the same place in both. */
function difference(before: Buffer, after: Buffer): readonly [from: number, to: number] {
  let from = 0;
  while (from < after.length && from < before.length && after[from] === before[from]) from++;
  let to = after.length;
  if (after.length <= before.length) while (to > from && after[to - 1] === before[to - 1]) to--;
  return [from, to];
}

function rename(names: Map<string, Node>, changes: Naming["names"]): void {
  for (const [name, node] of changes) {
    if (node === undefined) names.delete(name);
    else names.set(name, node);
  }
}

/** Makes durable what had ended before the fsync began. */
function sync(node: Node, began: number): void {
  if (node.kind === "file") {
    node.keep(node.pending.filter(({ ended }) => ended < began));
    node.pending = node.pending.filter(({ ended }) => ended >= began);
    return;
  }
  for (const { ended, names } of node.pending) if (ended < began) rename(node.durable, names);
  node.pending = node.pending.filter(({ ended }) => ended >= began);
}

function settle(node: Node): void {
  sync(node, Number.POSITIVE_INFINITY);
  if (node.kind === "directory") node.live.forEach(settle);
}

/** The names of a directory that are left: none of the pending ones, all, or those before one. */
function left(directory: Directory, mood: Mood, random: Random): ReadonlyMap<string, Node> {
  const { durable, pending } = directory;
  if (pending.length === 0 || mood === "nothing" || mood === "bytes only") return durable;
  const names = new Map(durable);
  const count = mood === "names only" || random.oneIn(3) ? pending.length : random.below(pending.length + 1);
  for (const naming of pending.slice(0, count)) rename(names, naming.names);
  return names;
}

/** The writes to a file that are left: none, all, any of them, or those before one that is torn. */
function kept(pending: readonly Write[], mood: Mood, random: Random): readonly Write[] {
  if (pending.length === 0 || mood === "nothing" || mood === "names only") return [];
  if (mood === "bytes only") return pending;
  const way = random.below(4);
  if (way === 0) return [];
  if (way === 1) return pending;
  if (way === 2) {
    return pending
      .filter(() => random.oneIn(2))
      .map((write) => (random.oneIn(4) ? torn(write, random) : write));
  }
  const count = random.below(pending.length);
  return [...pending.slice(0, count), torn(pending[count] as Write, random)];
}

/** What is left of a write whose first sectors were written. */
function torn(write: Write, random: Random): Write {
  const { at, bytes } = write;
  if (bytes === undefined) return write;
  const sectors = random.below(Math.ceil(bytes.length / SECTOR_BYTES) + 1);
  const end = (Math.floor(at / SECTOR_BYTES) + sectors) * SECTOR_BYTES - at;
  return { ...write, bytes: bytes.subarray(0, Math.max(0, end)) };
}
