import { aligned } from "../aligned.ts";
import { EXIT, ofFile } from "../exit.ts";
import { loadPipelines } from "../load.ts";
import { resolveParams, withWayOn } from "./resolve-params.ts";
import { type Flags, resolveHere, type Resolved } from "./resolve-settings.ts";
import { SETTING_NAMES } from "./settings.ts";

/** The options of `dataflow config`. */
export interface ConfigFlags extends Flags {
  readonly origin?: boolean;
}

/** A setting, or a parameter of a pipeline, as it would be in a run. */
interface Line {
  readonly pipeline?: string;
  readonly name: string;
  readonly value: unknown;
  readonly origin: string;
}

/** `dataflow config [FILE]`: each setting that a run would have, with a file the parameters of its pipelines too. */
export async function configCommand(file: string | undefined, flags: ConfigFlags): Promise<number> {
  const resolved = await resolveHere(flags);
  const { settings, origins, profile } = resolved;
  const lines = [
    ...SETTING_NAMES.map((name): Line => ({ name, value: settings[name], origin: origins[name] })),
    ...(file === undefined ? [] : await paramLines(file, resolved)),
  ];
  const shown = { file: resolved.file ?? null, profile: profile ?? null, settings: lines };
  process.stdout.write(settings.json ? `${JSON.stringify(shown)}\n` : render(lines, flags.origin === true));
  return EXIT.ok;
}

async function paramLines(file: string, resolved: Resolved): Promise<Line[]> {
  const pipelines = await ofFile(() => loadPipelines(file));
  const given = resolveParams(pipelines, resolved);
  return pipelines.flatMap((pipeline, index) => {
    const { values, origins } = given[index] ?? { values: {}, origins: {} };
    return Object.entries(withWayOn(() => pipeline.effectiveParams(values, origins))).map(
      ([name, value]): Line => ({ pipeline: pipeline.name, name, value, origin: origins[name] ?? "default" }),
    );
  });
}

function render(lines: readonly Line[], withOrigin: boolean): string {
  const cells = lines.map(({ pipeline, name, value, origin }) => [
    pipeline === undefined ? name : `${pipeline}: ${name}`,
    String(value),
    ...(withOrigin ? [origin] : []),
  ]);
  return aligned(cells)
    .map((line) => `${line}\n`)
    .join("");
}
