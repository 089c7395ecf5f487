import { openScratchFile } from "../checkpoint/scratch-file.ts";
import { BUDGET_DEFAULT, type BudgetSize, checkedBudget } from "../state/budget-size.ts";
import type { ScratchFile } from "../state/scratch.ts";
import { StateBudget } from "../state/state-budget.ts";
import { memoryLimit } from "./memory-limit.ts";

/** The options of a run that its budget is made of: see `RunOptions`. */
interface BudgetOptions {
  readonly stateDirectory: string;
  readonly stateBudget?: BudgetSize | undefined;
  readonly openScratch?: ((directory: string) => ScratchFile) | undefined;
  readonly openBudget?: (() => StateBudget) | undefined;
}

/** The budget of all state of a run, or a part of it, from 0 to 1. @throws DF_OPTION */
export function openBudget(options: BudgetOptions, part: number = 1): StateBudget {
  const { stateDirectory, stateBudget = BUDGET_DEFAULT, openScratch = openScratchFile } = options;
  if (options.openBudget !== undefined) return options.openBudget();
  return new StateBudget({
    limitBytes: Math.floor(checkedBudget(stateBudget, memoryLimit()) * part),
    scratch: () => openScratch(stateDirectory),
  });
}
