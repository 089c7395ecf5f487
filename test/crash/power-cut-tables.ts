/** Tables as their formats define them, read from the bytes that a power cut has left. */
import { dirname } from "node:path";
import { crc32 } from "node:zlib";
import { decodeZ85 } from "@df/connectors/delta/z85";

/** What a table shows, and what is broken in it. */
export interface TableFound {
  /** The newest version; below the first one where there is none. */
  readonly version: number;
  readonly markers: readonly { readonly epoch: number; readonly hash: string }[];
  readonly wrong: readonly string[];
}

type Files = ReadonlyMap<string, Buffer>;
/** CRC-32 of each file as it was written, by its path: files of tables are written once. */
export type Sums = ReadonlyMap<string, number>;
interface Vector {
  readonly pathOrInlineDv: string;
  readonly offset: number;
  readonly sizeInBytes: number;
}
interface Added {
  readonly path: string;
  readonly size: number;
  readonly deletionVector?: Vector;
}
interface DeltaAction {
  readonly add?: Added;
  readonly remove?: Added;
  readonly commitInfo?: { readonly dataflow?: { readonly epoch: number; readonly hash: string } };
}
interface DirectoryCommit {
  readonly marker: { readonly epoch: number; readonly hash: string };
  readonly files: readonly { readonly path: string; readonly size: number; readonly crc32: number }[];
}

/** Versions 0, 1, 2, … whole; what the newest one shows is there whole, deletion vectors too. */
export function deltaTable(files: Files, table: string, written: Sums): TableFound {
  const log = commits(files, `${table}/_delta_log`, 0);
  const wrong = [...log.wrong];
  const live = new Map<string, Added>();
  const markers: { epoch: number; hash: string }[] = [];
  for (const bytes of log.commits) {
    const actions = parsed(bytes, (text) =>
      text
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as DeltaAction),
    );
    if (actions === undefined) wrong.push(`commit ${markers.length} of the log is torn`);
    for (const { add, remove, commitInfo } of actions ?? []) {
      if (remove !== undefined) live.delete(fileKey(remove));
      if (add !== undefined) live.set(fileKey(add), add);
      if (commitInfo?.dataflow !== undefined) markers.push(commitInfo.dataflow);
    }
  }
  for (const { path, size, deletionVector } of live.values()) {
    const file = `${table}/${decodeURIComponent(path)}`;
    const bytes = files.get(file);
    if (bytes === undefined || !isParquet(bytes, size) || sumOf(bytes) !== written.get(file)) {
      wrong.push(`${path} is not whole`);
    }
    if (deletionVector !== undefined && !isVector(files, table, deletionVector)) {
      wrong.push(`the deletion vector of ${path} is not whole`);
    }
  }
  wrong.push(...checkpoints(files, table));
  return { version: log.commits.length - 1, markers, wrong };
}

/** Commits 1, 2, 3, … whole, and each file that one of them names, whole. */
export function directoryTable(files: Files, table: string): TableFound {
  const log = commits(files, `${table}/_commits`, 1);
  const wrong = [...log.wrong];
  const markers: { epoch: number; hash: string }[] = [];
  const described = files.get(`${table}/_table.json`);
  if (log.commits.length > 0 && described === undefined) wrong.push("_table.json is gone");
  if (described !== undefined && parsed(described, JSON.parse) === undefined)
    wrong.push("_table.json is torn");
  for (const bytes of log.commits) {
    const commit = parsed(bytes, (text) => JSON.parse(text) as DirectoryCommit);
    if (commit === undefined) wrong.push(`commit ${markers.length + 1} is torn`);
    else markers.push(commit.marker);
    for (const { path, size, crc32: sum } of commit?.files ?? []) {
      const found = files.get(`${table}/${path}`);
      if (found?.length !== size || sumOf(found) !== sum) wrong.push(`${path} is not whole`);
    }
  }
  return { version: log.commits.length, markers, wrong };
}

/** The commits of a log that counts from `first`. */
function commits(
  files: Files,
  log: string,
  first: number,
): { readonly commits: readonly Buffer[]; readonly wrong: readonly string[] } {
  const found = [...files]
    .filter(([path]) => dirname(path) === log && /\/\d{20}\.json$/.test(path))
    .toSorted(([a], [b]) => (a < b ? -1 : 1));
  const gap = found.findIndex(([path], i) => Number(path.slice(-25, -5)) !== first + i);
  return {
    commits: found.map(([, bytes]) => bytes),
    wrong: gap < 0 ? [] : [`commit ${first + gap} is missing, and later ones are there`],
  };
}

/** A checkpoint that has its name is whole; `_last_checkpoint` names one that is there. */
function checkpoints(files: Files, table: string): string[] {
  const wrong: string[] = [];
  for (const [path, bytes] of files) {
    if (
      path.startsWith(`${table}/_delta_log/`) &&
      path.endsWith(".checkpoint.parquet") &&
      !isParquet(bytes)
    ) {
      wrong.push(`${path} is not whole`);
    }
  }
  const last = files.get(`${table}/_delta_log/_last_checkpoint`);
  if (last === undefined) return wrong;
  const version = parsed(last, (text) => JSON.parse(text) as { readonly version: number })?.version;
  const name = `${table}/_delta_log/${String(version).padStart(20, "0")}.checkpoint.parquet`;
  return files.has(name) ? wrong : [...wrong, "_last_checkpoint is torn, or names none"];
}

function fileKey({ path, deletionVector }: Added): string {
  return `${path} ${deletionVector?.pathOrInlineDv ?? ""} ${deletionVector?.offset ?? ""}`;
}

function isParquet(bytes: Buffer | undefined, size: number | undefined = bytes?.length): boolean {
  if (bytes === undefined || bytes.length !== size || bytes.length < 12) return false;
  return bytes.toString("latin1", 0, 4) === "PAR1" && bytes.toString("latin1", bytes.length - 4) === "PAR1";
}

/** At its offset: length, bytes, CRC-32, as the protocol of Delta has it. */
function isVector(files: Files, table: string, { pathOrInlineDv, offset, sizeInBytes }: Vector): boolean {
  const uuid = Buffer.from(decodeZ85(pathOrInlineDv)).toString("hex");
  const name = uuid.replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5");
  const bytes = files.get(`${table}/deletion_vector_${name}.bin`);
  if (bytes === undefined || bytes.length < offset + sizeInBytes + 8) return false;
  const data = bytes.subarray(offset + 4, offset + 4 + sizeInBytes);
  return (
    bytes.readUInt32BE(offset) === sizeInBytes && bytes.readUInt32BE(offset + 4 + sizeInBytes) === crc32(data)
  );
}

const sums = new WeakMap<Buffer, number>();
const texts = new WeakMap<Buffer, unknown>();

/** Most files are the same in many images, and the same buffer there: each is summed and parsed once. */
function sumOf(bytes: Buffer): number {
  let sum = sums.get(bytes);
  if (sum === undefined) sums.set(bytes, (sum = crc32(bytes)));
  return sum;
}

/** A value of a text; undefined for one that is torn. */
function parsed<T>(bytes: Buffer, parse: (text: string) => T): T | undefined {
  if (!texts.has(bytes)) {
    let value: unknown;
    try {
      value = parse(bytes.toString());
    } catch {
      value = undefined;
    }
    texts.set(bytes, value);
  }
  return texts.get(bytes) as T | undefined;
}
