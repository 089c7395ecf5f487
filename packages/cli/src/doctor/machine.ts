/** What Node and the machine are like. */
import { constrainedMemory, platform, arch, versions } from "node:process";
import { totalmem } from "node:os";
import { getHeapStatistics } from "node:v8";
import { type Finding, ok, warning } from "./finding.ts";

/** Bytes of heap below which a state of any size will not fit. */
const HEAP_BYTES_MIN = 512e6;
/** A clock before this is not set: this code did not exist then. */
const CLOCK_MS_MIN = Date.UTC(2025, 0, 1);
/** A clock beyond this is not set either. */
const CLOCK_MS_MAX = Date.UTC(2100, 0, 1);

/** The Node that runs this, and the system. The command refuses Nodes that are too old before it comes here. */
export function nodeFinding(version: string, system: string = `${platform} ${arch}`): Finding {
  const says = `dataflow ${version}, Node ${versions.node} on ${system}`;
  return system === "linux x64"
    ? ok("versions", says)
    : warning(
        "versions",
        says,
        "It is developed and tested on linux x64 only: try it on your data before you rely on it.",
      );
}

/** How much of a state may be in memory. `heapBytes`: the limit of V8; `memoryBytes`: what the process may use. */
export function memoryFinding(
  heapBytes: number = getHeapStatistics().heap_size_limit,
  memoryBytes: number = Math.min(constrainedMemory() || Number.POSITIVE_INFINITY, totalmem()),
): Finding {
  const says = `${inGigabytes(memoryBytes)} for the process, ${inGigabytes(heapBytes)} of heap`;
  return Math.min(heapBytes, memoryBytes) >= HEAP_BYTES_MIN
    ? ok("memory", says)
    : warning(
        "memory",
        says,
        "State is kept in memory: give the container more, and Node with NODE_OPTIONS=--max-old-space-size=2048.",
      );
}

/** Whether the clock is set. Results do not depend on it, but idle timeouts, file times and what people read do. */
export function clockFinding(nowMs: number = Date.now()): Finding {
  const says = `it is ${new Date(nowMs).toISOString()}`;
  return nowMs >= CLOCK_MS_MIN && nowMs < CLOCK_MS_MAX
    ? ok("clock", says)
    : warning("clock", says, "Set the clock of the machine.");
}

function inGigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}
