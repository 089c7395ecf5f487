/** What runs behind the types of groups and windows: each aggregation adds a node to the graph. */
import { DataflowError, checkOneOf, micros, checkOptions } from "@df/core";
import type { Duration, OperatorSpec, Shape } from "@df/core";
import { group, latest, session as sessions, window as windowed } from "@df/operators";
import { aggregatesOf } from "./aggregates.ts";
import type { BuildAggregates, ConditionOf } from "./aggregates.ts";
import { columnNames } from "./column-names.ts";
import { checkedMigration } from "./migration.ts";
import type { FluentStream } from "./fluent-stream.ts";
import type { Emit, Renamed } from "./stream-types.ts";
import type { WindowSpec } from "./windows.ts";

interface LatestInput {
  readonly by?: string | readonly string[] | undefined;
  readonly renamedFrom?: string | undefined;
  readonly migrate?: unknown;
}
interface ViewInput extends Renamed {
  readonly migrate?: unknown;
}
interface AggregateInput extends Renamed {
  readonly allowedLateness?: Duration | undefined;
  readonly emit?: Emit | undefined;
  readonly migrate?: unknown;
}

/** The output of a window that has the rows that came too late. */
const LATE_PORT = 1;

/** Rows in groups while the graph is built. */
export class FluentKeyed {
  readonly #stream: FluentStream;
  readonly #by: readonly string[];

  constructor(stream: FluentStream, by: readonly string[]) {
    this.#stream = stream;
    this.#by = by;
  }

  window(spec: WindowSpec): FluentWindowed {
    return new FluentWindowed(this.#stream, this.#by, spec);
  }
}

/** Rows in groups that last for ever, while the graph is built. */
export class FluentGrouped {
  readonly #stream: FluentStream;
  readonly #by: readonly string[];

  constructor(stream: FluentStream, by: readonly string[]) {
    this.#stream = stream;
    this.#by = by;
  }

  aggregate(id: string, build: BuildAggregates, options: ViewInput = {}): FluentStream {
    return this.#stream.aggregate({ ...options, id }, (conditionOf) => {
      checkOptions(options, ["renamedFrom", "migrate"], "aggregate() behind groupBy()");
      const { schema } = this.#stream.shape;
      const aggregates = aggregatesOf(build, schema, { taken: this.#by, conditionOf });
      const migrate = checkedMigration(options.migrate, "aggregate() behind groupBy()");
      return group({ by: this.#by, aggregates, migrate });
    });
  }

  latest(id: string, options: LatestInput): FluentStream {
    return this.#stream.latest({ ...options, id }, () => {
      checkOptions(options, ["by", "renamedFrom", "migrate"], "latest()");
      const { by = [] } = options;
      const migrate = checkedMigration(options.migrate, "latest()");
      return latest({ group: this.#by, by: columnNames(by, "by of latest()"), migrate });
    });
  }
}

/** Rows in windows while the graph is built. */
export class FluentWindowed {
  readonly #stream: FluentStream;
  readonly #by: readonly string[];
  readonly #window: WindowSpec;

  constructor(stream: FluentStream, by: readonly string[], window: WindowSpec) {
    this.#stream = stream;
    this.#by = by;
    this.#window = window;
  }

  aggregate(id: string, build: BuildAggregates, options: AggregateInput = {}): FluentStream {
    const make = (conditionOf: ConditionOf): OperatorSpec => {
      checkOptions(options, ["allowedLateness", "emit", "renamedFrom", "migrate"], "aggregate()");
      const migrate = checkedMigration(options.migrate, "aggregate()");
      if (migrate !== undefined && this.#window.kind === "session")
        throw new DataflowError("DF_OPTION", "Sessions have no migrate: their groups stay as they are.");
      const { allowedLateness = "0s", emit = "final" } = options;
      checkOneOf(emit, ["final", "onUpdate"], "emit");
      checkWindow(this.#window, this.#stream.shape);
      const taken = [...this.#by, "windowStart", "windowEnd"];
      const parts = {
        by: this.#by,
        aggregates: aggregatesOf(build, this.#stream.shape.schema, { taken, conditionOf }),
        allowedLatenessMicros: micros(allowedLateness, "allowedLateness"),
        emit,
      };
      return this.#window.kind === "session"
        ? sessions({ ...parts, gapMicros: this.#window.gapMicros })
        : windowed({ ...parts, migrate, window: this.#window });
    };
    return this.#stream.aggregate({ ...options, id }, make, LATE_PORT);
  }
}

function checkWindow(window: unknown, shape: Shape): void {
  const isWindow =
    typeof window === "object" &&
    window !== null &&
    "kind" in window &&
    (window.kind === "tumbling" || window.kind === "sliding" || window.kind === "session");
  if (!isWindow) {
    throw new DataflowError(
      "DF_WINDOW",
      `window() needs a window: tumbling("1h"), sliding("1h", "5m") or session("10m").`,
    );
  }
  if (!shape.timed) {
    throw new DataflowError(
      "DF_NO_EVENT_TIME",
      "window() needs event time. Name it where the data comes in: p.from(id, source, { eventTime, maxOutOfOrderness }); rows of a view and of .late have none.",
    );
  }
}
