import type { TypedSource } from "@df/core";

/** The same source, before each poll of which something is done: it may take its time, or throw. */
export function beforePolls<Row>(
  source: TypedSource<Row>,
  before: () => void | Promise<void>,
): TypedSource<Row> {
  return {
    ...source,
    open: async (context) => {
      const opened = await source.open(context);
      return {
        splits: () => opened.splits(),
        close: () => opened.close(),
        // Where it cannot tell, or does not want to know, neither does this one.
        ...(opened.isBefore && { isBefore: opened.isBefore.bind(opened) }),
        ...(opened.committed && { committed: opened.committed.bind(opened) }),
        read: (split, position) => {
          const reader = opened.read(split, position);
          return {
            close: () => reader.close(),
            poll: async (rowsMax) => {
              await before();
              return reader.poll(rowsMax);
            },
          };
        },
      };
    },
  };
}
