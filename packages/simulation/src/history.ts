/** What a history is asked for, and what it came to. */
export interface History {
  readonly seed: number;
  readonly events: number;
  readonly checkpoints: number;
  /** Faults that have struck, "kind at phase". */
  readonly faults: readonly string[];
  /** Times that a state was brought to where its targets were. */
  readonly adoptions: number;
  /** What the seed has drawn: of the pipeline, and at each start. */
  readonly drawn: readonly string[];
  /** What a history is to have, and this one has not. */
  readonly lacks: readonly string[];
  readonly ended: "finished" | "refused";
  readonly traceHash: string;
  readonly trace: readonly string[];
}

/** How a history is run. */
export interface SimulationOptions {
  /** Keeps a line for each event. */
  readonly traced?: boolean | undefined;
  /** Which of the drawn faults strike, by their place. Default: all. */
  readonly faults?: readonly number[] | undefined;
  /** A run that fails without a cause counts as a crash: then tables alone say what is wrong. */
  readonly tablesOnly?: boolean | undefined;
}
