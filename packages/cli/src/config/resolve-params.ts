/** Which values the parameters of pipelines have, and where each came from. */
import { DataflowError } from "@df/core";
import type { ParamValue, ParamValues, PipelineDefinition } from "dataflow";
import { nearestOf } from "./near.ts";
import type { Layer, Resolved } from "./resolve-settings.ts";

const PREFIX = "DATAFLOW_PARAM_";

/** What `PipelineDefinition.build` takes. */
export interface GivenParams {
  readonly values: ParamValues;
  readonly origins: Readonly<Record<string, string>>;
}

/** The parameters that a pipeline declares. */
export function declaredBy({ params, secrets }: PipelineDefinition): string[] {
  return [...(params?.schema.fields.map(({ name }) => name) ?? []), ...secrets];
}

/** The variable of a parameter: `userId` is `DATAFLOW_PARAM_USER_ID`. */
export function variableOf(name: string): string {
  const words = name.replaceAll(/([a-z0-9])([A-Z])/g, "$1_$2").replaceAll(/\W/g, "_");
  return `${PREFIX}${words.toUpperCase()}`;
}

/**
 * What is given to each of some pipelines, in their order. What the command line names and nobody declares goes to all:
 * the refusal then says what there is. A configuration serves all files of a directory, so it may name parameters that
 * no pipeline here declares, unless it seems to mean one that is declared.
 * @throws DF_PARAM
 */
export function resolveParams(pipelines: readonly PipelineDefinition[], resolved: Resolved): GivenParams[] {
  const declared = [...new Set(pipelines.flatMap(declaredBy))];
  const fromFlags = { origin: "--param", params: resolved.flags.param ?? {} };
  const unknown = Object.keys(fromFlags.params).filter((name) => !declared.includes(name));
  for (const layer of resolved.layers) refuseNear(Object.keys(layer.params), declared, layer.origin);
  refuseNear(
    Object.keys(resolved.environment).filter((name) => name.startsWith(PREFIX)),
    declared.map(variableOf),
    "the environment",
  );
  const layersOf = (name: string): readonly Layer[] => {
    const variable = variableOf(name);
    const text = resolved.environment[variable];
    const fromVariable = { origin: variable, params: text === undefined ? {} : { [name]: text } };
    return [fromFlags, fromVariable, ...resolved.layers];
  };
  return pipelines.map((pipeline) => {
    const given = [...declaredBy(pipeline), ...unknown].flatMap((name) => {
      const first = layersOf(name).find(({ params }) => Object.hasOwn(params, name));
      return first === undefined
        ? []
        : [{ name, value: first.params[name] as ParamValue, origin: first.origin }];
    });
    return {
      values: Object.fromEntries(given.map(({ name, value }) => [name, value])),
      origins: Object.fromEntries(given.map(({ name, origin }) => [name, origin])),
    };
  });
}

/** Refuses a name that nobody declares and that is nearly one that is declared and not given. */
function refuseNear(given: readonly string[], declared: readonly string[], where: string): void {
  const missing = declared.filter((name) => !given.includes(name));
  for (const name of given) {
    if (declared.includes(name)) continue;
    const nearest = nearestOf(
      name.replace(PREFIX, ""),
      missing.map((each) => each.replace(PREFIX, "")),
    );
    if (nearest === undefined) continue;
    const meant = name.startsWith(PREFIX) ? `${PREFIX}${nearest}` : nearest;
    throw new DataflowError(
      "DF_PARAM",
      `Parameter "${name}" is given by ${where}, but no pipeline of the file declares it. Did you mean ${meant}?`,
    );
  }
}

/** Does what reads parameters; what it refuses is told with the ways to give them. */
export function withWayOn<Result>(read: () => Result): Result {
  try {
    return read();
  } catch (thrown) {
    if (!(thrown instanceof DataflowError) || thrown.code !== "DF_PARAM") throw thrown;
    const wayOn =
      "Parameters are given in params of dataflow.config.ts, in the environment as DATAFLOW_PARAM_NAME and on the command line as --param name=value.";
    throw new DataflowError("DF_PARAM", `${thrown.words} ${wayOn}`, { cause: thrown });
  }
}
