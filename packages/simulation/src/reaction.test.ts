import { DataflowError } from "@df/core";
import { expect, test } from "vitest";
import { draw } from "./drawn.ts";
import type { FaultKind } from "./faults.ts";
import type { Host } from "./host.ts";
import { reactionTo } from "./reaction.ts";
import { Random } from "@df/testing/random";
import { Process } from "./world.ts";

const nothing = new DataflowError("DF_ADOPT_NOTHING", "No target is ahead of the state.");

/** What becomes of a host that runs, and whose first process was to adopt, when that one or the second says so. */
function reaction(unlocked: boolean, speaks: "first" | "second") {
  const [first, second] = [new Process(1, "a"), new Process(2, "a")];
  const host = { next: "run", newest: second, directory: { unlocked } } as unknown as Host;
  const kinds: ReadonlySet<FaultKind> = new Set(["lost state"]);
  const process = speaks === "first" ? first : second;
  return reactionTo(nothing, { host, process, changed: false, kinds, drawn: draw(new Random(1)) });
}

test("an adoption that was overtaken, where no lock holds, finds that the other one has left it nothing", () => {
  expect(reaction(true, "first")).toBe("again");
  expect(reaction(false, "first")).toBe("violation");
  expect(reaction(true, "second")).toBe("violation");
});
