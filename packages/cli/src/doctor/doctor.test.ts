import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import {
  fileClockFinding,
  filesFinding,
  fileSystemFinding,
  socketFinding,
  spaceFinding,
  sqliteFinding,
} from "./disk.ts";
import { examine, renderFindings } from "./doctor-command.ts";
import { clockFinding, memoryFinding, nodeFinding } from "./machine.ts";

const folders: string[] = [];
function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "doctor-"));
  folders.push(folder);
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});
const disk = () => ({ name: "ext4", kind: "other" }) as const;

test("a good place has no warning and no problem, and is left as it was", async () => {
  const folder = newFolder();
  mkdirSync(join(folder, "working"));
  const places = {
    state: join(folder, "a/b"),
    unsafeStateFs: false,
    working: join(folder, "working"),
    temporary: folder,
    fileSystemOf: disk,
  };
  const findings = await examine(places, "1.2.3");
  // How much room there is, and on which system, is the machine's.
  const apart = ["versions", "disk space", "memory", "sqlite"];
  expect(findings.filter(({ check, level }) => level !== "ok" && !apart.includes(check))).toEqual([]);
  expect(findings.map(({ check }) => check)).toContain("sqlite");
  expect(findings[0]?.says).toMatch(/^dataflow 1\.2\.3, Node \d/);
  expect(readdirSync(folder)).toEqual(["working"]);
  expect(readdirSync(join(folder, "working"))).toEqual([]);
});

test("a place where nothing can be written is a problem of its own, and the others are looked at all the same", async () => {
  const folder = newFolder();
  const file = join(folder, "file");
  writeFileSync(file, "");
  const places = {
    state: join(file, "state"),
    unsafeStateFs: false,
    working: folder,
    temporary: file,
    fileSystemOf: disk,
  };
  const findings = await examine(places, "1");
  const problems = findings.filter(({ level }) => level === "problem").map(({ check }) => check);
  expect(problems).toEqual(["state directory", "temporary directory"]);
  expect(findings.find(({ check }) => check === "tables")?.level).toBe("ok");
});

test("a network or memory file system is a problem for a state, and a warning for tables", () => {
  for (const kind of ["network", "memory"] as const) {
    const look = () => ({ name: "somefs", kind });
    expect(fileSystemFinding("x", "/", "state", look)).toMatchObject({
      level: "problem",
      says: expect.stringContaining("is on somefs"),
      remedy: expect.stringContaining("--state-dir"),
    });
    expect(fileSystemFinding("x", "/", "tables", look)).toMatchObject({ level: "warning" });
    expect(fileSystemFinding("x", "/", "state at risk", look)).toMatchObject({ level: "warning" });
  }
  expect(fileSystemFinding("x", "/", "state", disk)).toMatchObject({ level: "ok", says: "/ (ext4)" });
});

test.each([
  [2e9, "ok"],
  [999e6, "warning"],
  [99e6, "problem"],
])("%i free bytes are %s", (bytes, level) => {
  expect(spaceFinding("/", () => bytes)).toMatchObject({ check: "disk space", level });
});

test("what a disk cannot do is told with what was thrown, and a remedy", async () => {
  const folder = newFolder();
  const file = join(folder, "file");
  writeFileSync(file, "");
  const sqlite = await sqliteFinding(file);
  expect(sqlite).toMatchObject({ level: "problem", remedy: expect.stringContaining("npm rebuild") });
  expect(await filesFinding("tables", file)).toMatchObject({
    level: "problem",
    says: expect.stringContaining(file),
  });
  expect(await socketFinding(file)).toMatchObject({ level: "warning" });
  expect(fileClockFinding(folder, () => Date.now() + 60_000)).toMatchObject({ level: "warning" });
  expect(fileClockFinding(folder).level).toBe("ok");
});

test("systems, clocks and memories that are not as they should be are warnings", () => {
  expect([nodeFinding("1", "linux x64").level, nodeFinding("1", "win32 x64").level]).toEqual([
    "ok",
    "warning",
  ]);
  expect([clockFinding().level, clockFinding(0).level, clockFinding(Date.UTC(2200))?.level]).toEqual([
    "ok",
    "warning",
    "warning",
  ]);
  expect([
    memoryFinding(2e9, 4e9).level,
    memoryFinding(2e9, 2e8).level,
    memoryFinding(2e8, 4e9).level,
  ]).toEqual(["ok", "warning", "warning"]);
});

test("remedies stand below what they are for, and the last line says whether pipelines can run", () => {
  const [fine, bad] = [
    { check: "clock", level: "ok", says: "fine" },
    { check: "sqlite", level: "problem", says: "broken", remedy: "Mend it." },
  ] as const;
  expect(renderFindings([fine, bad])).toBe(
    "ok       clock   fine\nproblem  sqlite  broken\n                 Mend it.\nPipelines cannot be relied on here.\n",
  );
  expect(renderFindings([fine, { ...bad, level: "warning" }])).toMatch(/mind the warnings\.\n$/);
  expect(renderFindings([fine])).toMatch(/\nPipelines can run here\.\n$/);
});
