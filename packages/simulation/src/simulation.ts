/** One simulated history of a pipeline: its hosts, its faults, and what its tables show in the end. */
import { type DataflowError, reasonOf } from "@df/core";
import { Cluster } from "./cluster.ts";
import { lacking, wordsOf } from "./demands.ts";
import { type Drawn, draw, type Version } from "./drawn.ts";
import { drawFaults, type Fault, type FaultKind } from "./faults.ts";
import type { History, SimulationOptions } from "./history.ts";
import { Outsiders } from "./outsiders.ts";
import { drawIdsFrom } from "./ports/ids.ts";
import { checkTables, checkTried } from "./shown.ts";
import { Strikes } from "./strikes.ts";
import { Violation } from "./verdict.ts";
import { type Process, World } from "./world.ts";

const EVENTS_MAX = 60_000;

/** Runs the history of a seed. @throws Violation */
export async function simulate(seed: number, options: SimulationOptions = {}): Promise<History> {
  return new Simulation(seed, options).run();
}

class Simulation {
  readonly #seed: number;
  readonly #world: World;
  readonly #drawn: Drawn;
  readonly #drawnFaults: readonly Fault[];
  readonly #kinds = new Set<FaultKind>();
  readonly #cluster: Cluster;
  readonly #outsiders: Outsiders;
  readonly #strikes: Strikes;

  constructor(seed: number, { traced, faults, tablesOnly = false }: SimulationOptions) {
    this.#seed = seed;
    const world = new World(seed, traced);
    this.#world = world;
    drawIdsFrom(world.random);
    const drawn = draw(world.random);
    this.#drawn = drawn;
    this.#drawnFaults = drawFaults(world.random, seed, drawn);
    const striking = faults?.map((place) => this.#drawnFaults[place] as Fault) ?? this.#drawnFaults;
    const tried = (version: Version): Promise<void> =>
      checkTried(version, { drawn, cluster, outsiders: this.#outsiders });
    const scratched = (process: Process): DataflowError | undefined => this.#strikes.scratched(process);
    const cluster = new Cluster({ world, drawn, tablesOnly, kinds: this.#kinds, tried, scratched });
    this.#cluster = cluster;
    this.#outsiders = new Outsiders(world, cluster, drawn);
    this.#strikes = new Strikes(striking, this.#kinds, { world, cluster, outsiders: this.#outsiders });
  }

  async run(): Promise<History> {
    const [world, cluster] = [this.#world, this.#cluster];
    cluster.addHost({ name: "a" });
    try {
      do while (!cluster.isOver()) await this.#step();
      while (this.#strikes.strikeLast());
      await world.land();
      if (cluster.violation !== undefined) throw cluster.violation;
      return await this.#ended();
    } catch (thrown) {
      throw this.#named(thrown);
    } finally {
      cluster.close();
    }
  }

  async #step(): Promise<void> {
    const [world, cluster] = [this.#world, this.#cluster];
    const happened = await world.step((action) => this.#strikes.watch(action));
    // Others write, and look, in one piece; a table that they cannot read is no table.
    await cluster.looking;
    cluster.looking = undefined;
    if (cluster.violation !== undefined) throw cluster.violation;
    if (!happened && !cluster.isOver()) throw new Violation("everything waits, and nobody is done");
    if (world.events > EVENTS_MAX) throw new Violation(`not done after ${EVENTS_MAX} events`);
  }

  async #ended(): Promise<History> {
    const [world, cluster, strikes] = [this.#world, this.#cluster, this.#strikes];
    const ended = cluster.hosts.some((host) => host.ended === "finished") ? "finished" : "refused";
    const wasSetBack = this.#kinds.has("table set back");
    const reader = { drawn: this.#drawn, cluster, outsiders: this.#outsiders };
    await checkTables(ended, wasSetBack, reader);
    return {
      seed: this.#seed,
      events: world.events,
      checkpoints: strikes.checkpoints,
      faults: strikes.struck,
      adoptions: cluster.adoptions,
      drawn: [...new Set([...wordsOf(this.#drawn), ...cluster.drawn])],
      lacks: lacking(this.#drawn, { checkpoints: strikes.checkpoints, faults: strikes.struck.length }),
      ended,
      traceHash: world.traceHash,
      trace: world.trace ?? [],
    };
  }

  /** A violation, with what is needed to see it again. */
  #named(thrown: unknown): Violation {
    return new Violation(reasonOf(thrown), {
      seed: this.#seed,
      struck: this.#strikes.struck,
      faults: this.#drawnFaults.length,
      trace: this.#world.trace ?? [],
    });
  }
}
