/** Packs the release: out/dataflow-<version>.tgz, with everything of ours inside. */
import { fileURLToPath } from "node:url";
import { packRelease } from "./release/pack.ts";

const root = fileURLToPath(new URL("..", import.meta.url));
process.stdout.write(`${packRelease(root, `${root}out`)}\n`);
