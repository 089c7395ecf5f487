import { assert, present } from "../assert.ts";
import { BATCH_ROWS_MAX } from "../batch/batch.ts";
import type { SplitStatus } from "../checkpoint/records.ts";
import type { Operator, Output, Progress } from "../operator.ts";
import type { Epoch } from "../stream.ts";
import { BEGINNING, type Time } from "../time.ts";
import type { StreamEvent, Target } from "./event.ts";
import { combine, type InputClock } from "./input-clock.ts";
import { inNode } from "./in-node.ts";
import type { NodeLedger } from "./node-ledger.ts";

/** Batches that wait at an exchange before its senders are asked to stop. */
const QUEUE_EVENTS_MAX = 8;

/**
 * How often it was asked whether there is room. Ways through a graph may part and meet again, over and over: without
 * the number of the question, nodes would be asked as often as there are ways to them.
 */
let questions = 0;

/** One edge into a runner: from one upstream instance to one input port. */
export class Channel implements Target {
  readonly port: number;
  /** A direct edge is worked off inside the sender's call, in one stack; others are queues, worked off by `pump`. */
  readonly direct: boolean;
  readonly queue: StreamEvent[] = [];
  clock: InputClock = { clock: BEGINNING, status: "live" };
  /** Has delivered the barrier that other channels have not: what comes after it waits. */
  aligned = false;
  ended = false;
  readonly #runner: NodeRunner;

  constructor(runner: NodeRunner, port: number, direct: boolean) {
    this.#runner = runner;
    this.port = port;
    this.direct = direct;
  }

  push(event: StreamEvent): "ok" | "full" {
    if (!this.direct || !this.#runner.processNow(this, event)) this.queue.push(event);
    return this.full() ? "full" : "ok";
  }

  /** A direct edge has room when all behind it is done: its sender then writes over what it handed on. */
  full(question: number = ++questions): boolean {
    return this.direct
      ? this.queue.length > 0 || !this.#runner.free(question)
      : this.queue.length >= QUEUE_EVENTS_MAX;
  }
}

/** What a runner is made of. */
interface RunnerParts {
  readonly node: string;
  readonly shard: number;
  readonly operator: Operator;
  readonly outputs: number;
  readonly ledger: NodeLedger;
  /** The clock it had at the checkpoint it starts from. */
  readonly clock: Time;
  /** The checkpoint it starts from; 0 without. */
  readonly epoch: Epoch;
  /** Whether its state holds rows. */
  readonly holdsRows: () => boolean;
  /**
   * Called with everything before the barrier done and flushed, and nothing after it begun, which is so until the last
   * step.
   */
  readonly onBarrier: (runner: NodeRunner, epoch: Epoch) => Iterator<unknown, void>;
  /** Whether the event loop waits for its turn: what is left of the work goes on behind it. */
  readonly isOver: () => boolean;
}

/** What is left to do for the event that was taken last. */
interface Unfinished {
  readonly work: () => Progress;
  /** What follows once there is no more of it. */
  readonly rest: () => void;
}

/**
 * One node on one shard: takes events from its channels in order, drives the operator and hands on what it makes.
 * Aligns barriers, combines clocks, and resumes an operator that could not write all of its output.
 */
export class NodeRunner {
  readonly node: string;
  readonly shard: number;
  readonly operator: Operator;
  readonly ledger: NodeLedger;
  readonly channels: Channel[] = [];
  /** Receivers by output port. */
  readonly targets: Target[][];
  /** The last clock the operator was given. */
  clock: Time;
  /** Barriers that have passed: rows of now belong to this epoch + 1. */
  epoch: Epoch;
  readonly #holdsRows: RunnerParts["holdsRows"];
  readonly #onBarrier: RunnerParts["onBarrier"];
  readonly #isOver: RunnerParts["isOver"];
  readonly #output: Output;
  #status: SplitStatus = "live";
  #sent: InputClock = { clock: BEGINNING, status: "live" };
  #unfinished: Unfinished | undefined;
  #turn = 0;
  /** Of the event that was taken from a queue last. */
  #done: StreamEvent["done"];
  /** The last question whether it is free, and the answer. */
  #question = 0;
  #isFree = false;

  constructor(parts: RunnerParts) {
    this.node = parts.node;
    this.shard = parts.shard;
    this.operator = parts.operator;
    this.ledger = parts.ledger;
    this.clock = parts.clock;
    this.epoch = parts.epoch;
    this.targets = Array.from({ length: parts.outputs }, () => []);
    this.#holdsRows = parts.holdsRows;
    this.#onBarrier = parts.onBarrier;
    this.#isOver = parts.isOver;
    this.#output = (batch, port = 0) => {
      assert(
        batch.length > 0 && batch.length <= BATCH_ROWS_MAX,
        `"${this.node}" made a batch of ${batch.length} rows`,
      );
      this.ledger.rowsOut += batch.length;
      const targets = present(this.targets[port], `output ${port} of ${this.node}`);
      const answer = this.#send({ kind: "batch", batch }, targets);
      return this.#isOver() ? "full" : answer;
    };
  }

  /** Whether a call of the operator still has output to write, or a barrier state to take. */
  get unfinished(): boolean {
    return this.#unfinished !== undefined;
  }

  /** Whether it could work an event off, and so could all direct receivers behind it. */
  free(question: number = ++questions): boolean {
    if (this.#question !== question) {
      this.#question = question;
      this.#isFree = !this.unfinished && this.#outputsFree(question);
    }
    return this.#isFree;
  }

  /** Works an event off in the sender's stack, if nothing stands before it. */
  processNow(channel: Channel, event: StreamEvent): boolean {
    if (channel.aligned || channel.queue.length > 0 || !this.free()) return false;
    inNode(this.node, () => this.#take(channel, event));
    return true;
  }

  /** The last clock it was given, and whether its inputs are live. */
  get state(): InputClock {
    return { clock: this.clock, status: this.#status };
  }

  /** The last clock that was handed on, and whether it still may be held back here. */
  get sent(): InputClock {
    return this.#sent;
  }

  /** Goes on as far as possible, or until the event loop waits; says whether anything was done. */
  pump(): boolean {
    for (let progressed = false; ; progressed = true) {
      if (!this.#outputsFree() || (progressed && this.#isOver())) return progressed;
      const unfinished = this.#unfinished;
      if (unfinished !== undefined) {
        inNode(this.node, () => this.#goOnWith(unfinished));
        continue;
      }
      this.#done?.();
      this.#done = undefined;
      const channel = this.#nextChannel();
      if (channel === undefined) return progressed;
      const event = present(channel.queue.shift(), "queued event");
      this.#done = event.done;
      inNode(this.node, () => this.#take(channel, event));
    }
  }

  /** Emits what is due, outside of barriers: for low latency under low load. Only between events. */
  flush(): void {
    const { operator } = this;
    if (this.unfinished || !this.#outputsFree() || operator.flush === undefined) return;
    inNode(this.node, () => this.#call(operator.flush?.(this.#output) ?? "done", nothing));
  }

  /** Whether nothing waits here. */
  idle(): boolean {
    return !this.unfinished && this.channels.every((channel) => channel.queue.length === 0);
  }

  #resume(): Progress {
    const { operator } = this;
    assert(operator.resume !== undefined, `"${this.node}" said "more" but has no resume()`);
    return operator.resume(this.#output);
  }

  #goOnWith({ work, rest }: Unfinished): void {
    if (work() === "more") return;
    this.#unfinished = undefined;
    rest();
  }

  #take(channel: Channel, event: StreamEvent): void {
    switch (event.kind) {
      case "batch":
        this.ledger.rowsIn += event.batch.length;
        return this.#call(this.operator.onBatch(event.batch, channel.port, this.#output), nothing);
      case "clock":
        channel.clock = event;
        return this.#moveClock();
      case "barrier":
        channel.aligned = true;
        if (this.channels.every(({ aligned }) => aligned)) this.#passBarrier(event.epoch);
        return undefined;
      case "end":
        channel.ended = true;
        if (this.channels.every(({ ended }) => ended)) {
          this.#call(this.operator.onEnd?.(this.#output) ?? "done", () => this.#sendToAll({ kind: "end" }));
        }
        return undefined;
    }
  }

  #moveClock(): void {
    const { clock, status } = combine(
      this.channels.map((channel) => channel.clock),
      this.clock,
    );
    this.#status = status;
    if (clock === this.clock) return this.#sendClock();
    this.clock = clock;
    return this.#call(this.operator.onClock?.(clock, this.#output) ?? "done", () => this.#sendClock());
  }

  #sendClock(): void {
    const clock = this.operator.clockOut?.(this.clock) ?? this.clock;
    const status = this.#mayStillEmit(clock) ? "live" : this.#status;
    if (clock === this.#sent.clock && status === this.#sent.status) return;
    this.#sent = { clock, status };
    this.#sendToAll({ kind: "clock", clock, status });
  }

  /**
   * Whether rows behind `clock` may still come from what is in state, and not only from new input. Then receivers wait
   * for this node even where its inputs have ended or are idle: they could not take these rows any more.
   */
  #mayStillEmit(clock: Time): boolean {
    if (this.operator.clockOut === undefined || clock === Number.POSITIVE_INFINITY) return false;
    return clock < this.clock || this.#holdsRows();
  }

  #passBarrier(epoch: Epoch): void {
    this.#call(this.operator.flush?.(this.#output) ?? "done", () => {
      const steps = this.#onBarrier(this, epoch);
      const work = (): Progress => this.#takeSteps(steps);
      this.#goOn(work(), work, () => {
        this.epoch = epoch;
        for (const channel of this.channels) channel.aligned = false;
        this.#sendToAll({ kind: "barrier", epoch });
      });
    });
  }

  #takeSteps(steps: Iterator<unknown, void>): Progress {
    while (steps.next().done !== true) if (this.#isOver()) return "more";
    return "done";
  }

  /** Behind a call of the operator. */
  #call(progress: Progress, rest: () => void): void {
    this.#goOn(progress, () => this.#resume(), rest);
  }

  #goOn(progress: Progress, work: () => Progress, rest: () => void): void {
    if (progress === "done") rest();
    else this.#unfinished = { work, rest };
  }

  #nextChannel(): Channel | undefined {
    const { channels } = this;
    for (let i = 0; i < channels.length; i++) {
      const channel = channels[(this.#turn + i) % channels.length];
      if (channel === undefined || channel.aligned || channel.queue.length === 0) continue;
      this.#turn = (this.#turn + i + 1) % channels.length;
      return channel;
    }
    return undefined;
  }

  #outputsFree(question: number = ++questions): boolean {
    for (const port of this.targets) for (const target of port) if (target.full(question)) return false;
    return true;
  }

  #sendToAll(event: StreamEvent): void {
    for (const port of this.targets) this.#send(event, port);
  }

  #send(event: StreamEvent, targets: readonly Target[]): "ok" | "full" {
    let answer: "ok" | "full" = "ok";
    for (const target of targets) if (target.push(event) === "full") answer = "full";
    return answer;
  }
}

function nothing(): void {
  // The call is done and nothing follows it.
}
