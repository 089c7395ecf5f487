import { join, resolve } from "node:path";
import { storedStatus } from "@df/core/runtime/stored-status";
import { askStatus } from "@df/core/runtime/control-socket";
import { type Flags, resolveHere } from "./config/resolve-settings.ts";
import { EXIT } from "./exit.ts";
import { renderStatus } from "./render.ts";
import { pipelinesIn } from "./states.ts";

/** `dataflow status`: what the pipelines of a state directory are doing, or where they have stopped. */
export async function statusCommand(flags: Flags): Promise<number> {
  const { settings } = await resolveHere(flags);
  const directory = resolve(settings.stateDir);
  for (const name of pipelinesIn(directory)) {
    const running = await askStatus(join(directory, name));
    const status = running?.status ?? storedStatus(join(directory, name, "state.sqlite"));
    const words = running === undefined ? "not running" : `running as process ${running.pid}`;
    process.stdout.write(
      settings.json
        ? `${JSON.stringify({ ...status, pid: running?.pid ?? null })}\n`
        : renderStatus(status, words),
    );
  }
  return EXIT.ok;
}
