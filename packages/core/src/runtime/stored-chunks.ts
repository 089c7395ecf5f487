import type { NodeChunk } from "../checkpoint/records.ts";
import type { StateFile } from "../checkpoint/state-file.ts";

/** What is read of a state at once: one chunk, or as many as have so many bytes together. */
const PART_BYTES = 8 * 1024 * 1024;

/** The stored state of a node in the order of epochs, part by part: all of it may be more than there is memory. */
export async function* storedChunks(
  state: Pick<StateFile, "chunkList" | "chunks">,
  node: string,
  partBytes: number = PART_BYTES,
): AsyncGenerator<readonly NodeChunk[], void> {
  let part: number[] = [];
  let bytes = 0;
  for (const { id, sizeBytes } of await state.chunkList(node)) {
    if (part.length > 0 && bytes + sizeBytes > partBytes) {
      yield await state.chunks(part);
      part = [];
      bytes = 0;
    }
    part.push(id);
    bytes += sizeBytes;
  }
  if (part.length > 0) yield await state.chunks(part);
}
