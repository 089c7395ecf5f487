import { BUDGET_DEFAULT, BUDGET_WANTED, budgetBytes, type BudgetSize } from "@df/core/state/budget-size";

/** What can be set on the command line, in the environment and in dataflow.config.ts. */
export interface Settings {
  /** Where state lies, one folder per pipeline. */
  readonly stateDir: string;
  /** Shards of keyed work. */
  readonly parallelism: number;
  /** Threads that read and decode input. */
  readonly decodeThreads: number;
  /** Memory for rows and texts of state: see core/state/budget-size.ts. */
  readonly stateBudget: BudgetSize;
  /** Keep reading files that grow and appear. */
  readonly follow: boolean;
  /** Close all windows when the input ends. */
  readonly drain: boolean;
  /** Keep state on a network or memory file system too, where it can be damaged or lost. */
  readonly unsafeStateFs: boolean;
  /** Start again what fails for a reason that may pass. */
  readonly restart: boolean;
  /** Print results as JSON. */
  readonly json: boolean;
}

export type SettingName = keyof Settings;

/** How one setting is called where, and what it may be. */
interface Setting<Value> {
  readonly flag: string;
  readonly variable: string;
  readonly default: Value;
  /** What it must be, in words: "It is …". */
  readonly wanted: string;
  readonly accepts: (value: unknown) => boolean;
  /** The value that text stands for; text that stands for none comes back as it is. */
  readonly fromText: (text: string) => unknown;
}

const BOOLEANS = new Map([
  ["true", true],
  ["1", true],
  ["false", false],
  ["0", false],
]);

function truth(flag: string, variable: string): Setting<boolean> {
  return {
    flag,
    variable,
    default: false,
    wanted: "true or false",
    accepts: (value) => typeof value === "boolean",
    fromText: (text) => BOOLEANS.get(text) ?? text,
  };
}

function count(flag: string, variable: string, [least, most]: readonly [number, number]): Setting<number> {
  return {
    flag,
    variable,
    default: least,
    wanted: `a number from ${least} to ${most}`,
    accepts: (value) => Number.isInteger(value) && (value as number) >= least && (value as number) <= most,
    fromText: (text) => (/^\d+$/.test(text) ? Number(text) : text),
  };
}

/** Every setting that `dataflow` has. */
export const SETTINGS: { readonly [Name in SettingName]: Setting<Settings[Name]> } = {
  stateDir: {
    flag: "--state-dir",
    variable: "DATAFLOW_STATE_DIR",
    default: ".dataflow",
    wanted: "the path of a directory",
    accepts: (value) => typeof value === "string" && value !== "",
    fromText: (text) => text,
  },
  parallelism: count("--parallelism", "DATAFLOW_PARALLELISM", [1, 128]),
  decodeThreads: count("--decode-threads", "DATAFLOW_DECODE_THREADS", [0, 64]),
  stateBudget: {
    flag: "--state-budget",
    variable: "DATAFLOW_STATE_BUDGET",
    default: BUDGET_DEFAULT,
    wanted: BUDGET_WANTED,
    // How much memory there is does not matter here: a hundredth of any is enough.
    accepts: (value) => budgetBytes(value, Number.MAX_SAFE_INTEGER) !== undefined,
    fromText: (text) => text,
  },
  follow: truth("--follow", "DATAFLOW_FOLLOW"),
  drain: truth("--drain", "DATAFLOW_DRAIN"),
  unsafeStateFs: truth("--unsafe-state-fs", "DATAFLOW_UNSAFE_STATE_FS"),
  restart: truth("--restart", "DATAFLOW_RESTART"),
  json: truth("--json", "DATAFLOW_JSON"),
};

/** Their names. */
export const SETTING_NAMES = Object.keys(SETTINGS) as readonly SettingName[];
