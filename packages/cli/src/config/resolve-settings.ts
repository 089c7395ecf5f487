/** Which value a setting has: the first of flag, environment, profile, configuration and default that names it. */
import { DataflowError } from "@df/core";
import type { Config, ConfigSettings, ParamValues } from "dataflow";
import { ofFile } from "../exit.ts";
import { loadDefault } from "../load.ts";
import { checkedConfig, described, profileOf } from "./check-config.ts";
import { findConfig } from "./find-config.ts";
import { nearestOf } from "./near.ts";
import { SETTING_NAMES, SETTINGS, type SettingName, type Settings } from "./settings.ts";

const PROFILE_VARIABLE = "DATAFLOW_PROFILE";
const VARIABLES = [...SETTING_NAMES.map((name) => SETTINGS[name].variable), PROFILE_VARIABLE];

/** Variables of the environment. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** Options of a command, as they were given: what was not given is absent. */
export interface Flags {
  readonly config?: string;
  readonly profile?: string;
  readonly stateDir?: string;
  readonly parallelism?: string;
  readonly decodeThreads?: string;
  readonly stateBudget?: string;
  readonly follow?: boolean;
  readonly drain?: boolean;
  readonly unsafeStateFs?: boolean;
  readonly restart?: boolean;
  readonly json?: boolean;
  readonly param?: Readonly<Record<string, string>>;
}

/** Values from one place, which `origin` names. */
export interface Layer {
  readonly origin: string;
  readonly params: ParamValues;
}

/** The settings of one command, and where each came from. */
export interface Resolved {
  readonly settings: Settings;
  readonly origins: Readonly<Record<SettingName, string>>;
  /** Path of the configuration. */
  readonly file: string | undefined;
  readonly profile: string | undefined;
  /** Parameters that were given in the configuration: what goes first comes first. */
  readonly layers: readonly Layer[];
  readonly flags: Flags;
  readonly environment: Environment;
}

/**
 * Resolves the settings of a command that runs in `directory`. `load` gives the default export of a module.
 * @throws DF_CONFIG, naming where a wrong value came from
 */
export async function resolveSettings(
  flags: Flags,
  at: {
    readonly directory: string;
    readonly environment: Environment;
    readonly load: (path: string) => Promise<unknown>;
  },
): Promise<Resolved> {
  const { directory, environment, load } = at;
  refuseNearVariables(environment);
  const found = findConfig(directory, flags.config);
  const config = found === undefined ? {} : checkedConfig(await load(found.path), found.shown);
  const profile = flags.profile ?? (environment[PROFILE_VARIABLE] || undefined);
  const layers = layersOf(config, found?.shown, profile);
  const sources = [
    (name: SettingName) => fromFlag(name, flags),
    (name: SettingName) => fromVariable(name, environment),
    ...layers.map(({ origin, settings }) => (name: SettingName) => ({ value: settings[name], origin })),
    (name: SettingName) => ({ value: SETTINGS[name].default, origin: "default" }),
  ];
  const chosen = SETTING_NAMES.map((name) => {
    const first = sources.map((source) => source(name)).find(({ value }) => value !== undefined);
    return [name, first] as const;
  });
  const resolved = {
    settings: Object.fromEntries(chosen.map(([name, first]) => [name, first?.value])) as unknown as Settings,
    origins: Object.fromEntries(chosen.map(([name, first]) => [name, first?.origin])) as Resolved["origins"],
    file: found?.path,
    profile,
    layers: layers.map(({ origin, settings }) => ({ origin, params: settings.params ?? {} })),
    flags,
    environment,
  };
  refuseDrainAndFollow(resolved);
  return resolved;
}

/** The settings of a command that runs in this process. @throws DF_CONFIG, and what the configuration throws */
export function resolveHere(flags: Flags): Promise<Resolved> {
  return resolveSettings(flags, {
    directory: process.cwd(),
    environment: process.env,
    load: (path) => ofFile(() => loadDefault(path)),
  });
}

interface FileLayer {
  readonly origin: string;
  readonly settings: ConfigSettings;
}

function layersOf(config: Config, shown: string | undefined, profile: string | undefined): FileLayer[] {
  const base = shown === undefined ? [] : [{ origin: shown, settings: config }];
  if (profile === undefined) return base;
  if (shown === undefined) {
    throw new DataflowError(
      "DF_CONFIG",
      `There is no profile "${profile}": this directory has no dataflow.config.ts. Write one, or name one with --config.`,
    );
  }
  return [{ origin: `${shown}, profile ${profile}`, settings: profileOf(config, profile, shown) }, ...base];
}

function fromFlag(name: SettingName, flags: Flags): { readonly value: unknown; readonly origin: string } {
  const given = flags[name];
  const { flag } = SETTINGS[name];
  if (typeof given === "string") return { value: valueOf(name, given, flag), origin: flag };
  return { value: given, origin: given === false ? flag.replace("--", "--no-") : flag };
}

/** An empty variable is as none: that is how compose files and scripts leave one out. */
function fromVariable(
  name: SettingName,
  environment: Environment,
): { readonly value: unknown; readonly origin: string } {
  const { variable } = SETTINGS[name];
  const text = environment[variable] || undefined;
  return { value: text === undefined ? undefined : valueOf(name, text, variable), origin: variable };
}

function valueOf(name: SettingName, text: string, from: string): unknown {
  const { fromText, accepts, wanted } = SETTINGS[name];
  const value = fromText(text);
  if (accepts(value)) return value;
  throw new DataflowError("DF_CONFIG", `${from} is ${described(text)}. It is ${wanted}.`);
}

/** A variable that is nearly one of ours would be ignored without a word. Others of that prefix are not ours. */
function refuseNearVariables(environment: Environment): void {
  for (const given of Object.keys(environment)) {
    if (!given.startsWith("DATAFLOW_") || VARIABLES.includes(given)) continue;
    const nearest = nearestOf(given, VARIABLES);
    if (nearest === undefined) continue;
    throw new DataflowError(
      "DF_CONFIG",
      `The environment has ${given}, which nothing reads. Did you mean ${nearest}?`,
    );
  }
}

function refuseDrainAndFollow({ settings, origins }: Resolved): void {
  if (!settings.drain || !settings.follow) return;
  throw new DataflowError(
    "DF_CONFIG",
    `The end of input is to be drained (${origins.drain}), and followed input (${origins.follow}) has none. Turn one off: --no-follow or --no-drain.`,
  );
}
