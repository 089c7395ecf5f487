/** What an operator does with savepoints, and with a state that is lost. */
import { FIRST_VERSION, pick } from "./drawn.ts";
import type { Cluster } from "./cluster.ts";
import type { LineageKind } from "./faults.ts";
import type { Host } from "./host.ts";
import type { Outsiders } from "./outsiders.ts";
import { childOf, StateDirectory, versionIn } from "./ports/state.ts";
import type { World } from "./world.ts";

/** Whether there is what it takes. */
export function mayBegin(kind: LineageKind, host: Host): boolean {
  if (host.begun !== undefined || host.adopts !== undefined) return false;
  return kind === "lost state" || host.directory.savepoints.length > 0;
}

/** From now on another state goes on in the place of a host's. */
export function begin(
  kind: LineageKind,
  host: Host,
  { world, cluster, outsiders }: { world: World; cluster: Cluster; outsiders: Outsiders },
): void {
  const { random } = world;
  if (kind === "lost state") {
    cluster.killAll("is lost", host);
    // What another pipeline has adopted is looked at: nothing of before may arrive meanwhile.
    world.loseSent();
    host.directory.restore(undefined);
    if (host.ended !== undefined) cluster.startSoon(host);
    host.ended = undefined;
    host.adopts = { from: undefined };
    // Before he has found the right one, the operator may take another pipeline.
    host.next = random.oneIn(2) ? "trying" : "adopt";
    return;
  }
  // What is set back is quiet: an owner waits until nothing is on its way.
  cluster.killAll(kind === "rewind" ? "is lost" : "may arrive", host);
  host.ended = "retired";
  const { savepoints } = host.directory;
  const from = kind === "rewind" ? pick(random, savepoints) : (savepoints.at(-1) ?? pick(random, savepoints));
  const image = childOf(from);
  const child = {
    name: "c",
    directory: new StateDirectory(() => cluster.tables(), image),
    folder: kind === "child elsewhere" ? "elsewhere/" : "",
    begun: { kind, from },
    version: { ...FIRST_VERSION, targets: kind === "rewind" ? ("again-" as const) : ("" as const) },
    // The parent may have delivered since: then the child is brought to where the targets are.
    adopts: kind === "child in place" ? { from: image } : undefined,
  };
  cluster.addHost(child);
  if (kind === "rewind") cluster.looking = outsiders.rewind(host, (sink) => versionIn(from, sink));
}
