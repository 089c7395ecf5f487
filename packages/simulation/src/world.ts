/**
 * The world that a simulated engine lives in: one queue of what may happen next, and a seed that picks from it. Every
 * `await` of the engine that reaches outside goes through here, so a process can be killed between any two of them, and
 * the same seed gives the same history.
 */
import { Random } from "@df/testing/random";

/** What a process is doing, as the protocol knows it: where a fault means something else than a moment before. */
export type Phase =
  | "hold"
  | "epoch transaction"
  | "stage"
  | "intent transaction"
  | "commit"
  | "delivered transaction"
  /** What is written to the scratch file, or read of it, while an operator works. */
  | "spill"
  | "other";

/** The phases of the protocol, in their order. */
export const PHASES: readonly Exclude<Phase, "spill" | "other">[] = [
  "hold",
  "epoch transaction",
  "stage",
  "intent transaction",
  "commit",
  "delivered transaction",
];

/** A process of the engine. A dead one is never answered again: its code stops where it waits. */
export class Process {
  readonly id: number;
  readonly host: string;
  dead = false;
  /** Virtual ms until which it stands still. */
  pausedUntil = 0;

  constructor(id: number, host: string) {
    this.id = id;
    this.host = host;
  }
}

/** Something that may happen next. */
export interface Action {
  readonly process: Process;
  readonly label: string;
  readonly phase: Phase;
  /** Goes on without its process: a request that is on its way. */
  readonly remote: boolean;
  /** Virtual ms before which it does not happen. */
  at: number;
  readonly run: () => void;
  /** The answer is an error instead, whether or not the effect took place; absent for what cannot fail. */
  readonly fail?: ((thrown: Error, effect: "done" | "not done") => void) | undefined;
}

/** What is told of each action before it happens; says whether it happens. */
export type Watcher = (action: Action) => boolean;

/** Virtual ms that an action takes at most. */
const STEP_MS_MAX = 3;

/** The queue, the virtual time and the dice. */
export class World {
  readonly random: Random;
  /** Virtual ms since the beginning. */
  now = 0;
  /** Actions so far. */
  events = 0;
  readonly trace: string[] | undefined;
  #pending: Action[] = [];
  #hash = 0x811c9dc5;

  constructor(seed: number, traced = false) {
    this.random = new Random(seed);
    this.trace = traced ? [] : undefined;
  }

  /** A hash over all that has happened: 8 hex digits. */
  get traceHash(): string {
    return (this.#hash >>> 0).toString(16).padStart(8, "0");
  }

  /** Writes down something that has happened. */
  note(text: string): void {
    let hash = this.#hash;
    for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
    this.#hash = Math.imul(hash ^ this.now, 0x01000193);
    this.trace?.push(`${String(this.now).padStart(7)} ${text}`);
  }

  /** A call whose effect takes place at some moment, and whose answer comes at another. */
  call<T>(process: Process, label: string, phase: Phase, effect: () => T | Promise<T>): Promise<T> {
    return this.#exchange({ process, label, phase, remote: false }, 0, effect);
  }

  /**
   * A call that changes nothing: that it is answered when it takes place makes no difference to anybody. Where no fault
   * may strike at it, some take place at once.
   */
  read<T>(
    process: Process,
    label: string,
    { phase = "other", delayMs = 0 }: { readonly phase?: Phase; readonly delayMs?: number },
    effect: () => T | Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      if (phase === "other" && !process.dead && this.random.oneIn(2))
        return outcome(effect, resolve, reject)();
      this.#add(
        { process, label, phase, remote: false },
        this.now + delayMs,
        () => outcome(effect, resolve, reject)(),
        (thrown, taken) => {
          if (taken === "done") outcome(effect, resolve, reject);
          reject(thrown);
        },
      );
    });
  }

  /** A call to another machine: it may arrive after its sender has died. */
  request<T>(
    process: Process,
    label: string,
    phase: Phase,
    delayMs: number,
    effect: () => T | Promise<T>,
  ): Promise<T> {
    return this.#exchange({ process, label, phase, remote: true }, delayMs, effect);
  }

  /** Waits until a moment; the function that is returned ends the wait earlier. */
  wait(process: Process, label: string, ms: number, done: () => void): () => void {
    const action = this.#add({ process, label, phase: "other", remote: false }, this.now + ms, done);
    return () => {
      action.at = this.now;
    };
  }

  /** Lets one more thing happen; false when nothing can, ever. */
  async step(watch: Watcher): Promise<boolean> {
    await settled();
    const action = this.#pick();
    if (action === undefined) return false;
    this.events++;
    this.now += this.random.below(STEP_MS_MAX + 1);
    if (!watch(action)) return true;
    this.note(`${action.process.host}${action.process.id} ${action.label}`);
    action.run();
    return true;
  }

  /** A process ends without a word. What it has sent may still arrive, much later. */
  kill(process: Process, sent: "may arrive" | "is lost"): void {
    process.dead = true;
    this.#pending = this.#pending.filter((action) => {
      if (action.process !== process) return true;
      if (!action.remote || sent === "is lost" || this.random.oneIn(2)) return false;
      action.at = this.now + this.random.below(500);
      return true;
    });
  }

  /** Nothing that dead processes have sent arrives any more. */
  loseSent(): void {
    this.#pending = this.#pending.filter(({ process, remote }) => !(remote && process.dead));
  }

  /** Instead of an action that was about to happen its caller gets an error. */
  fail(action: Action, thrown: Error, effect: "done" | "not done"): void {
    action.fail?.(thrown, effect);
  }

  /** An action that was about to happen happens later. */
  postpone(action: Action, ms: number): void {
    action.at = this.now + ms;
    this.#pending.push(action);
  }

  /** What is still on its way arrives. */
  async land(): Promise<void> {
    const late = this.#pending.filter(({ remote }) => remote);
    this.#pending = [];
    for (const action of late) {
      this.note(`late: ${action.label}`);
      action.run();
    }
    await settled();
  }

  #exchange<T>(
    what: Pick<Action, "process" | "label" | "phase" | "remote">,
    delayMs: number,
    effect: () => T | Promise<T>,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const answer = (give: () => void): void => {
        const label = `${what.label} answered`;
        this.#add({ ...what, label, phase: "other", remote: false }, 0, give);
      };
      this.#add(
        what,
        this.now + delayMs,
        () => answer(outcome(effect, resolve, reject)),
        (thrown, taken) => {
          if (taken === "done") outcome(effect, resolve, reject);
          answer(() => reject(thrown));
        },
      );
    });
  }

  #add(
    what: Pick<Action, "process" | "label" | "phase" | "remote">,
    at: number,
    run: Action["run"],
    fail?: Action["fail"],
  ): Action {
    const action: Action = { ...what, at, run, fail };
    // What a process still does behind its end, up to its next call, reaches nobody.
    if (!what.process.dead) this.#pending.push(action);
    return action;
  }

  #pick(): Action | undefined {
    const pending = this.#pending;
    if (pending.length === 0) return undefined;
    let soonest = Infinity;
    for (const action of pending) soonest = Math.min(soonest, timeOf(action));
    this.now = Math.max(this.now, soonest);
    const ready: number[] = [];
    for (let at = 0; at < pending.length; at++) if (timeOf(pending[at] as Action) <= this.now) ready.push(at);
    const at = ready[this.random.below(ready.length)] as number;
    const action = pending[at];
    pending.splice(at, 1);
    return action;
  }
}

/** A paused process does nothing; what it has sent arrives all the same. */
function timeOf({ process, remote, at }: Action): number {
  return remote ? at : Math.max(at, process.pausedUntil);
}

/** Runs the effect now, and gives what hands its result over. */
function outcome<T>(
  effect: () => T | Promise<T>,
  resolve: (value: T | Promise<T>) => void,
  reject: (thrown: unknown) => void,
): () => void {
  try {
    const value = effect();
    return () => resolve(value);
  } catch (thrown) {
    return () => reject(thrown);
  }
}

/**
 * Until nothing moves but what the world moves: all that goes on by itself are promises, which Node has settled, to the
 * last of those that they settle in turn, before it comes to what waits for the next tick.
 */
function settled(): Promise<void> {
  return new Promise((resolve) => process.nextTick(resolve));
}
