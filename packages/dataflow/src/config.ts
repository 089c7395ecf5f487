import type { ParamValues } from "./params.ts";

/** Settings of the command `dataflow`, as far as they are not its defaults. */
export interface ConfigSettings {
  /** Where state lies, one folder per pipeline; relative to the directory the command runs in. Default ".dataflow". */
  readonly stateDir?: string;
  /** Shards of keyed work, 1 to 128; changes no result. Default 1. */
  readonly parallelism?: number;
  /** Threads that read and decode files, 0 to 64; changes no result. Default 0: the main thread does. */
  readonly decodeThreads?: number;
  /**
   * Memory for rows and texts of state, as bytes, "512MiB" or "20%" of what the process may use; what is beyond lies in a
   * scratch file beside the state. Changes no result. Default "20%".
   */
  readonly stateBudget?: number | string;
  /** Go on with files that grow and appear, until stopped. Default false. */
  readonly follow?: boolean;
  /** Close all windows when the input ends; the state is then finished. Default false. */
  readonly drain?: boolean;
  /** Keep state on a network or memory file system too, where it can be damaged or lost. Default false. */
  readonly unsafeStateFs?: boolean;
  /** Start again, after a pause, what fails for a reason that may pass. Default false. */
  readonly restart?: boolean;
  /** Print results as JSON. Default false. */
  readonly json?: boolean;
  /** Values of parameters, for the pipelines that declare them. */
  readonly params?: ParamValues;
}

/** What `dataflow.config.ts` exports: settings, and under names those of profiles, which go before them. */
export interface Config extends ConfigSettings {
  readonly profiles?: Readonly<Record<string, ConfigSettings>>;
}

/** Gives its argument back, with its type: `export default defineConfig({ parallelism: 2 })`. */
export function defineConfig(config: Config): Config {
  return config;
}
