import { expect, test } from "vitest";
import { publishedText } from "../../scripts/release/imports.ts";
import { publishedManifest, type Manifest } from "../../scripts/release/manifest.ts";

function packages(more: Readonly<Record<string, Partial<Manifest>>> = {}): ReadonlyMap<string, Manifest> {
  const manifests: Record<string, Partial<Manifest>> = {
    dataflow: {
      version: "1.2.3",
      private: true,
      exports: {
        ".": "./src/index.ts",
        "./csv": "./src/csv.ts",
        "./package.json": "./package.json",
      },
      dependencies: { "@df/core": "workspace:*", acorn: "8.0.0" },
      devDependencies: { types: "1.0.0" },
    },
    cli: { imports: { "#main": "./src/main.ts" }, bin: { dataflow: "bin/dataflow.js" } },
    ...more,
  };
  return new Map(Object.entries(manifests).map(([name, manifest]) => [name, { name, ...manifest }]));
}

test("the published manifest has the modules compiled, and everybody's dependencies but the workspace", () => {
  const core = { dependencies: { acorn: "8.0.0", pino: "10.0.0" }, peerDependencies: { zod: "^4.0.0" } };
  expect(publishedManifest(packages({ core }))).toEqual({
    name: "dataflow",
    version: "1.2.3",
    exports: {
      ".": "./dist/dataflow/src/index.js",
      "./csv": "./dist/dataflow/src/csv.js",
      "./package.json": "./package.json",
    },
    imports: { "#main": "./dist/cli/src/main.js" },
    bin: { dataflow: "bin/dataflow.js" },
    dependencies: { acorn: "8.0.0", pino: "10.0.0" },
    peerDependencies: { zod: "^4.0.0" },
  });
});

test("two versions of one dependency are refused, with both", () => {
  const core = { dependencies: { acorn: "7.0.0" } };
  expect(() => publishedManifest(packages({ core }))).toThrow(
    'packages/core has acorn "7.0.0" among its dependencies, another package "8.0.0"',
  );
});

test("imports of the workspace's packages become relative, and those of declarations end in .js", () => {
  const text = [
    'import { t } from "@df/core";',
    'export type { Batch } from "@df/core/batch/batch";',
    'type Json = import("./json.ts").Json;',
    'const lazy = () => import("@df/formats/json/json");',
    'import { runs } from "dataflow/run";',
    'import pino from "pino";',
    ' * Write: import { pipeline } from "dataflow";',
    "export {",
    "    a,",
    '} from "./a.ts";',
    "//# sourceMappingURL=source.js.map",
  ];
  expect(publishedText("connectors/src/files/source.js", text.join("\n")).split("\n")).toEqual([
    'import { t } from "../../../core/src/index.js";',
    'export type { Batch } from "../../../core/src/batch/batch.js";',
    'type Json = import("./json.js").Json;',
    'const lazy = () => import("../../../formats/src/json/json.js");',
    'import { runs } from "../../../dataflow/src/run.js";',
    'import pino from "pino";',
    ' * Write: import { pipeline } from "dataflow";',
    "export {",
    "    a,",
    '} from "./a.js";',
    "",
  ]);
});

test("a package of the workspace that is named in another way is refused", () => {
  expect(() => publishedText("cli/src/load.js", 'require("@df/core")')).toThrow(
    'cli/src/load.js still names "@df/core"',
  );
});
