import { existsSync, statfsSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { DataflowError } from "../error.ts";

/** What lies below a directory, as far as a state cares. */
export interface FileSystem {
  /** As `mount` calls it: "ext4", "nfs"; for one that is not known, the number that `statfs` gives. */
  readonly name: string;
  /** "other": a disk of this machine, or not known to be anything else. */
  readonly kind: "network" | "memory" | "other";
}

/** Says what lies below a directory that exists. */
export type FileSystemOf = (directory: string) => FileSystem;

/** The numbers of linux/magic.h and statfs(2), as unsigned 32 bits. */
const NETWORK: Readonly<Record<number, string>> = {
  0x0000517b: "smb",
  0x0000564c: "ncp",
  0x00006969: "nfs",
  0x00c36400: "ceph",
  0x01021997: "9p",
  0x0bd00bd0: "lustre",
  0x47504653: "gpfs",
  0x5346414f: "afs",
  // All that is served by a process: sshfs, s3fs, virtiofs, the shared folders of virtual machines.
  0x65735546: "fuse",
  0x6b414653: "afs",
  0x73757245: "coda",
  0x786f4256: "vboxsf",
  0x7c7c6673: "prl_fs",
  0xbacbacbc: "vmhgfs",
  0xfe534d42: "smb2",
  0xff534d42: "cifs",
};
const MEMORY: Readonly<Record<number, string>> = {
  // What the kernel makes up; making a directory there may never return (Node 26).
  0x00009fa0: "proc",
  0x62656572: "sysfs",
  0x01021994: "tmpfs",
  0x858458f6: "ramfs",
};
const DISK: Readonly<Record<number, string>> = {
  0x0000ef53: "ext4",
  0x2fc12fc1: "zfs",
  0x58465342: "xfs",
  0x794c7630: "overlayfs",
  0x9123683e: "btrfs",
  0xca451a4e: "bcachefs",
  0xf2f52010: "f2fs",
};

/** What Linux says of a directory; other systems give other numbers, so nothing is known there. */
export function fileSystemOf(directory: string): FileSystem {
  if (process.platform !== "linux") return { name: "not known on this system", kind: "other" };
  return fileSystemNamed(statfsSync(directory).type);
}

/** The file system that has a number of statfs(2) on Linux; some systems give it with a sign. */
export function fileSystemNamed(type: number): FileSystem {
  const number = type >>> 0;
  const [network, memory] = [NETWORK[number], MEMORY[number]];
  if (network !== undefined) return { name: network, kind: "network" };
  if (memory !== undefined) return { name: memory, kind: "memory" };
  return { name: DISK[number] ?? `0x${number.toString(16)}`, kind: "other" };
}

/** Why nothing that must last can be kept on a file system; undefined where it can. */
export function unsafeFor({ name, kind }: FileSystem): string | undefined {
  if (kind === "network")
    return `${name}, a network file system: locks and shared memory of SQLite do not hold there, so two processes can write one file and damage it`;
  return kind === "memory" ? `${name}, in memory: what it keeps is gone when the machine stops` : undefined;
}

/** The directory itself or, where it is yet to be made, the first above it that exists. */
export function existingAbove(directory: string): string {
  const path = resolve(directory);
  return existsSync(path) || dirname(path) === path ? path : existingAbove(dirname(path));
}

/**
 * Refuses to keep a state where it would be lost or damaged, before anything is made there.
 * @throws DF_STATE_FILE_SYSTEM
 */
export function refuseUnsafe(directory: string, look: FileSystemOf = fileSystemOf): void {
  const why = unsafeFor(look(existingAbove(directory)));
  if (why === undefined) return;
  throw new DataflowError(
    "DF_STATE_FILE_SYSTEM",
    `The state directory ${directory} is on ${why}. Name a directory on a local disk with --state-dir, or take the risk with --unsafe-state-fs.`,
  );
}

/** The same for the file of an inbox. @throws DF_STATE_FILE_SYSTEM */
export function refuseUnsafeInbox(file: string, look: FileSystemOf = fileSystemOf): void {
  const why = unsafeFor(look(existingAbove(dirname(file))));
  if (why === undefined) return;
  throw new DataflowError(
    "DF_STATE_FILE_SYSTEM",
    `The inbox ${file} is on ${why}. Name a path on a local disk, or take the risk with --unsafe-state-fs.`,
  );
}
