import { DataflowError, isSecret } from "@df/core";
import type { Config, ConfigSettings } from "dataflow";
import { didYouMean } from "./near.ts";
import { SETTING_NAMES, SETTINGS, type SettingName } from "./settings.ts";

/**
 * The configuration that a file exports, once every key and value of it is known to be right.
 * @throws DF_CONFIG naming the file, the key and what it may be
 */
export function checkedConfig(exported: unknown, file: string): Config {
  if (!isPlain(exported)) {
    const is = exported === undefined ? "has no default export" : `exports ${described(exported)}`;
    throw refused(file, `it ${is}. Write: export default defineConfig({ … })`);
  }
  checkSettings(exported, { file, place: "", more: ["profiles"] });
  const { profiles } = exported;
  if (profiles !== undefined) {
    if (!isPlain(profiles)) throw refused(file, `profiles is ${described(profiles)}. It is an object.`);
    for (const [name, settings] of Object.entries(profiles)) {
      const place = `profiles.${name}`;
      if (!isPlain(settings)) throw refused(file, `${place} is ${described(settings)}. It is an object.`);
      checkSettings(settings, { file, place: `${place}.`, more: [] });
    }
  }
  return exported as Config;
}

/** The settings of a profile. @throws DF_CONFIG naming those there are */
export function profileOf({ profiles = {} }: Config, name: string, from: string): ConfigSettings {
  const settings = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
  if (settings !== undefined) return settings;
  const names = Object.keys(profiles);
  const there = names.length === 0 ? "It has none." : `There are: ${names.join(", ")}.`;
  throw new DataflowError(
    "DF_CONFIG",
    `There is no profile "${name}" in ${from}.${didYouMean(name, names)} ${there}`,
  );
}

/** A value in words. */
export function described(value: unknown): string {
  if (typeof value === "string") return JSON.stringify(value);
  if (typeof value === "function") return "a function";
  if (Array.isArray(value)) return "an array";
  if (isSecret(value)) return value.toString();
  if (value instanceof Promise) return "a promise";
  return typeof value === "object" && value !== null ? "an object of a class" : String(value);
}

/** Where in a file settings stand, and which keys there are besides them. */
interface Place {
  readonly file: string;
  readonly place: string;
  readonly more: readonly string[];
}

function checkSettings(given: Readonly<Record<string, unknown>>, { file, place, more }: Place): void {
  const names: readonly string[] = [...SETTING_NAMES, "params", ...more];
  for (const [name, value] of Object.entries(given)) {
    if (!names.includes(name)) {
      throw refused(
        file,
        `there is no setting "${place}${name}".${didYouMean(name, names)} There are: ${names.join(", ")}.`,
      );
    }
    if (name === "params") checkParams(value, file, `${place}params`);
    else if (!more.includes(name)) {
      const { wanted, accepts } = SETTINGS[name as SettingName];
      if (!accepts(value)) throw refused(file, `${place}${name} is ${described(value)}. It is ${wanted}.`);
    }
  }
}

/** Only what no parameter can be: what each must be is known when a pipeline declares it. */
function checkParams(params: unknown, file: string, place: string): void {
  if (!isPlain(params)) throw refused(file, `${place} is ${described(params)}. It is an object.`);
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && typeof value !== "function" && typeof value !== "symbol") continue;
    throw refused(file, `${place}.${name} is ${described(value)}. Give it a value, or leave it out.`);
  }
}

/** An object as one writes it down: a promise or a map would look as if it had no settings. */
function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || isSecret(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function refused(file: string, words: string): DataflowError {
  return new DataflowError("DF_CONFIG", `In ${file}: ${words}`);
}
