/** Rows of this process as source and sink, for tests. */
export { memorySink } from "@df/connectors/memory/sink";
export { memorySource } from "@df/connectors/memory/source";
export type { MemorySourceOptions } from "@df/connectors/memory/source";
export { dropMemoryTarget, memoryTarget } from "@df/connectors/memory/target";
export type { MemoryChange, MemoryFailure, MemoryTarget } from "@df/connectors/memory/target";
