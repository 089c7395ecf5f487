import { totalmem } from "node:os";

let limitBytes: number | undefined;

/** Bytes of memory that this process may use: of the machine or, in a container, what that is allowed. Asked once. */
export function memoryLimit(): number {
  if (limitBytes === undefined) {
    const constrained = process.constrainedMemory();
    limitBytes = constrained > 0 ? Math.min(constrained, totalmem()) : totalmem();
  }
  return limitBytes;
}
