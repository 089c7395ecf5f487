import { Argument, Command } from "commander";
import type { AdoptFlags } from "./adopt-command.ts";
import { completionScript, SHELLS, type Shell } from "./completion/completion-command.ts";
import type { ConfigFlags } from "./config/config-command.ts";
import { addParams, addSettings } from "./config/options.ts";
import type { Flags } from "./config/resolve-settings.ts";
import { SETTING_NAMES } from "./config/settings.ts";
import { EXIT, exitCodeOf, explain } from "./exit.ts";
import { VERSION } from "./own-package.ts";
import type { PlanFlags } from "./plan-command.ts";
import { tellFailure } from "./restart/tell.ts";
import type { RewindFlags } from "./rewind-command.ts";
import type { RunFlags } from "./run-command.ts";
import { ACTIONS, type Action } from "./savepoint-actions.ts";
import type { SavepointFlags } from "./savepoint-command.ts";

// A command is loaded when it is asked for: help, completion and refusals of options need a small part of it all.
const program = new Command("dataflow")
  .description("Event-time stream processing into lakehouse tables, exactly once, on one machine.")
  .version(VERSION)
  .exitOverride((stop) => {
    process.exit(stop.exitCode === 0 ? EXIT.ok : EXIT.usage);
  });

program
  .command("init")
  .description("make a folder with a pipeline that runs, its input and its test")
  .argument("[folder]", "a new folder, or one without files of these names", ".")
  .action((folder: string) => end(async () => (await import("./init-command.ts")).initCommand(folder)));

const run = program
  .command("run")
  .description("run the pipelines of a file, from their last checkpoint on")
  .argument(
    "<file>",
    "a TypeScript or JavaScript file whose default export is a pipeline, or an array of them",
  )
  .option("--from <directory>", "the savepoint that a new state directory begins from")
  .action((file: string, flags: RunFlags) =>
    end(async () => (await import("./run-command.ts")).runCommand(file, flags)),
  );
addParams(addSettings(run, SETTING_NAMES));

const plan = program
  .command("plan")
  .description("what a restart would make of the state: which steps go on, begin, or do not fit any more")
  .argument("<file>", "a file with pipelines")
  .option("--from <directory>", "a savepoint, instead of the state: what a run --from it would do")
  .action((file: string, flags: PlanFlags) =>
    end(async () => (await import("./plan-command.ts")).planCommand(file, flags)),
  );
addParams(addSettings(plan, ["stateDir", "json"]));

const status = program
  .command("status")
  .description("what pipelines are doing, or where they have stopped")
  .action((flags: Flags) => end(async () => (await import("./status-command.ts")).statusCommand(flags)));
addSettings(status, ["stateDir", "json"]);

const savepoint = program
  .command("savepoint")
  .description("keep the state of a pipeline as it is now, running or not, to begin from it later")
  .addArgument(new Argument("<action>", "what to do").choices(ACTIONS))
  .argument("[name]", "of the savepoint (create: default the time)")
  .option("--pipeline <name>", "which, where a state directory has the states of several")
  .action((action: Action, name: string | undefined, flags: SavepointFlags) =>
    end(async () => (await import("./savepoint-command.ts")).savepointCommand(action, name, flags)),
  );
addSettings(savepoint, ["stateDir", "json"]);

const rewind = program
  .command("rewind")
  .description("begin a new state from the last savepoint before an epoch or a time")
  .requiredOption("--to <epoch or time>", "how far back: an epoch, or a time such as 2026-05-01T08:30:00Z")
  .requiredOption("--into <directory>", "the new state directory")
  .option("--pipeline <name>", "which, where a state directory has the states of several")
  .action((flags: RewindFlags) =>
    end(async () => (await import("./rewind-command.ts")).rewindCommand(flags)),
  );
addSettings(rewind, ["stateDir", "unsafeStateFs", "json"]);

const adopt = program
  .command("adopt")
  .description("bring an older state, or none, to where its targets are, by reading the sources again")
  .argument("<file>", "a file with the pipeline")
  .option("--from <directory>", "the savepoint that a new state directory begins from")
  .option("--pipeline <name>", "which, where the file has several")
  .action((file: string, flags: AdoptFlags) =>
    end(async () => (await import("./adopt-command.ts")).adoptCommand(file, flags)),
  );
addParams(addSettings(adopt, ["stateDir", "parallelism", "stateBudget", "unsafeStateFs", "json"]));

const config = program
  .command("config")
  .description("the settings that a run would have, with a file the parameters of its pipelines too")
  .argument("[file]", "a file with pipelines")
  .option("--origin", "say where each came from")
  .action((file: string | undefined, flags: ConfigFlags) =>
    end(async () => (await import("./config/config-command.ts")).configCommand(file, flags)),
  );
addParams(addSettings(config, SETTING_NAMES));

const doctor = program
  .command("doctor")
  .description("whether pipelines can run here, and what to do about what is wrong")
  .action((flags: Flags) =>
    end(async () => (await import("./doctor/doctor-command.ts")).doctorCommand(flags, VERSION)),
  );
addSettings(doctor, ["stateDir", "unsafeStateFs", "json"]);

program
  .command("completion")
  .description("the completion of a shell, as a script that it can source")
  .addArgument(new Argument("<shell>", "your shell").choices(SHELLS))
  .action((shell: Shell) =>
    end(async () => {
      process.stdout.write(completionScript(program, shell));
      return EXIT.ok;
    }),
  );

process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
  endUnread();
});

// What nobody waits for is told as any other failure: without the values of secrets.
process.on("uncaughtException", (thrown) => {
  tellFailure(thrown);
  process.stderr.write(`${explain(thrown)}\n`);
  process.exit(exitCodeOf(thrown));
});

await program.parseAsync();

/** Ends the process with the command's code: nothing that is still open may keep it alive. */
async function end(command: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await command();
  } catch (thrown) {
    process.stderr.write(`${explain(thrown)}\n`);
    process.exitCode = exitCodeOf(thrown);
  }
  process.stdout.write("", (lost) => (lost ? endUnread() : process.exit()));
}

/** Whoever read our output has gone ("dataflow status | head"): ends as SIGPIPE would, unless more is to be told. */
function endUnread(): never {
  const { exitCode = EXIT.ok } = process;
  process.exit(exitCode === EXIT.ok ? EXIT.unread : exitCode);
}
