import type { FaultKind } from "./faults.ts";
import type { Version } from "./drawn.ts";
import type { KeptSavepoint, StateDirectory, StateImage } from "./ports/state.ts";
import type { Process } from "./world.ts";

/** A machine with a state directory, on which the pipeline is started until it is done. */
export interface Host {
  readonly name: string;
  readonly directory: StateDirectory;
  /** What stands before the paths of its tables: the working directory. */
  readonly folder: string;
  /** What its state was begun from, and how. */
  readonly begun: { readonly kind: FaultKind; readonly from: KeptSavepoint } | undefined;
  version: Version;
  /** Where the outcome of the pipeline is decided; `retired` when another state goes on in its place. */
  ended: "finished" | "refused" | "retired" | undefined;
  refusals: number;
  /** Whether the next start has a plan that no longer fits. */
  changed: boolean;
  /** Whether a refusal leads to an adoption, and what the state is set back to where that begins again. */
  adopts: { readonly from: StateImage | undefined } | undefined;
  /** Whether a state that was given up has delivered to the tables: then two lineages have, beside each other. */
  diverged: boolean;
  /** Adoptions that have ended. */
  adoptions: number;
  /** What the next start does: `trying` is an adoption with a pipeline that is another one. */
  next: "run" | "adopt" | "trying";
  /** The process that was started last. */
  newest: Process | undefined;
}
