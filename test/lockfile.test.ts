import { readFileSync } from "node:fs";
import { expect, test } from "vitest";

const read = (name: string): string => readFileSync(new URL(`../${name}`, import.meta.url), "utf8");

test("the lockfile names no registry host", () => {
  expect(read("pnpm-lock.yaml")).not.toContain("://");
});

test("the lockfile pins a Node for all five platforms, the one the workspace names", () => {
  const { optionalDependencies } = JSON.parse(read("package.json")) as {
    optionalDependencies: Record<string, string>;
  };
  const version = /^nodeVersion: (.+)$/m.exec(read("pnpm-workspace.yaml"))?.[1];
  expect(Object.keys(optionalDependencies)).toHaveLength(5);
  for (const [name, pinned] of Object.entries(optionalDependencies)) {
    expect(pinned).toBe(version);
    expect(read("pnpm-lock.yaml")).toContain(`${name}@${pinned}`);
  }
});

test("the command falls back on the Nodes that the workspace pins", () => {
  const pinned = (JSON.parse(read("package.json")) as { optionalDependencies: Record<string, string> })
    .optionalDependencies;
  const { config } = JSON.parse(read("packages/cli/package.json")) as {
    config: { node: Record<string, string> };
  };
  expect(Object.values(config.node).toSorted()).toEqual(
    Object.entries(pinned)
      .map(([name, version]) => `${name}@${version}`)
      .toSorted(),
  );
});

// The compatibility job runs on the oldest and the newest supported Node, and says so with DATAFLOW_ANY_NODE=1.
test.skipIf(process.env["DATAFLOW_ANY_NODE"] === "1")(
  "the tests run on the Node that the workspace pins",
  () => {
    expect(read("pnpm-workspace.yaml")).toContain(`nodeVersion: ${process.versions.node}`);
  },
);
