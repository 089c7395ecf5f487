import type { CommitterFactory } from "@df/core";
import type { Connectors } from "@df/core/runtime/delivery";

/** Every connector that can finish a delivery, by the name its sinks carry. Loaded when it is needed. */
export const CONNECTORS: Connectors = {
  callback: lazy(() => import("@df/connectors/callback/committer")),
  console: lazy(() => import("@df/connectors/console/committer")),
  delta: lazy(() => import("@df/connectors/delta/committer")),
  files: lazy(() => import("@df/connectors/files-sink/committer")),
  memory: lazy(() => import("@df/connectors/memory/committer")),
  parquet: lazy(() => import("@df/connectors/parquet/committer")),
};

function lazy(load: () => Promise<{ readonly committerFactory: CommitterFactory }>): CommitterFactory {
  return { open: async (options, context) => (await load()).committerFactory.open(options, context) };
}
