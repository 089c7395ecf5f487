import { tmpdir } from "node:os";
import { resolve } from "node:path";
import { reasonOf } from "@df/core";
import type { FileSystemOf } from "@df/core/checkpoint/file-system";
import { type Flags, resolveHere } from "../config/resolve-settings.ts";
import { EXIT } from "../exit.ts";
import {
  fileClockFinding,
  filesFinding,
  fileSystemFinding,
  inFolder,
  socketFinding,
  spaceFinding,
  sqliteFinding,
} from "./disk.ts";
import { type Finding, ok, problem } from "./finding.ts";
import { clockFinding, memoryFinding, nodeFinding } from "./machine.ts";

/** Where to look; the tests say what they find there. */
export interface Places {
  readonly state: string;
  /** Whether the risk of such a file system is taken. */
  readonly unsafeStateFs: boolean;
  readonly working: string;
  readonly temporary: string;
  readonly fileSystemOf?: FileSystemOf;
}

/** `dataflow doctor`: whether pipelines can run here, with the remedy for what is wrong. `version`: of this package. */
export async function doctorCommand(flags: Flags, version: string): Promise<number> {
  const { settings } = await resolveHere(flags);
  const { stateDir, unsafeStateFs, json } = settings;
  const places = { state: resolve(stateDir), unsafeStateFs, working: process.cwd(), temporary: tmpdir() };
  const findings = await examine(places, version);
  process.stdout.write(json ? `${JSON.stringify(findings)}\n` : renderFindings(findings));
  return findings.some(({ level }) => level === "problem") ? EXIT.failed : EXIT.ok;
}

/** All checks, in the order in which they are told. */
export async function examine(
  { state, unsafeStateFs, working, temporary, fileSystemOf }: Places,
  version: string,
): Promise<readonly Finding[]> {
  return [
    nodeFinding(version),
    memoryFinding(),
    clockFinding(),
    ...(await at("state directory", state, async (folder) => [
      fileSystemFinding("state directory", state, unsafeStateFs ? "state at risk" : "state", fileSystemOf),
      spaceFinding(state),
      await sqliteFinding(folder),
      fileClockFinding(folder),
      await socketFinding(folder),
    ])),
    ...(await at("working directory", working, async (folder) => [
      fileSystemFinding("working directory", working, "tables", fileSystemOf),
      await filesFinding("tables", folder),
    ])),
    ...(await at("temporary directory", temporary, async () => [ok("temporary directory", temporary)])),
  ];
}

/** One line per check: what is wrong has its remedy below. */
export function renderFindings(findings: readonly Finding[]): string {
  const width = Math.max(...findings.map(({ check }) => check.length));
  const lines = findings.flatMap(({ check, level, says, remedy }) => [
    `${level.padEnd(7)}  ${check.padEnd(width)}  ${says}`,
    ...(remedy === undefined ? [] : [`${" ".repeat(width + 11)}${remedy}`]),
  ]);
  const number = (level: Finding["level"]): number =>
    findings.filter((finding) => finding.level === level).length;
  const [problems, warnings] = [number("problem"), number("warning")];
  const end =
    problems > 0
      ? "Pipelines cannot be relied on here."
      : warnings > 0
        ? "Pipelines can run here; mind the warnings."
        : "Pipelines can run here.";
  return `${[...lines, end].join("\n")}\n`;
}

function at(
  check: string,
  directory: string,
  looks: (folder: string) => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  return inFolder(directory, looks).catch((thrown: unknown) => [
    problem(
      check,
      `nothing can be written to ${directory}: ${reasonOf(thrown)}`,
      "Give this user the right to, or use another one.",
    ),
  ]);
}
