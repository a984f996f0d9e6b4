import { BarrageError } from "protocol/errors.ts";
import { type Caller, senderOf, SYSTEM } from "./caller.ts";
import type { ActorDefinition } from "./definition.ts";
import type { TimerRecord } from "storage/storage.ts";

export interface CallOptions {
  /** The same id again, within the memory of the actor, is the same command and gets the same answer. */
  readonly id?: string;
  /** Milliseconds until the caller gives up. */
  readonly timeoutMs?: number;
  /** What the command weighs in a mailbox bounded by bytes. */
  readonly bytes?: number;
}

export interface CallFacts {
  readonly verb: string;
  readonly input: unknown;
  readonly caller: Caller;
  /** On the clock's monotonic scale. */
  readonly deadline: number;
  readonly bytes: number;
  readonly id: string | undefined;
  /** The actors that wait for this command's answer inside a turn. */
  readonly chain: readonly string[];
  readonly timer: TimerRecord | undefined;
}

type Phase = "waiting" | "running" | "held" | "settled";

/** A command on its way: waits in a mailbox, runs in a turn, is answered exactly once. */
export class Call<I = unknown, O = unknown> {
  readonly answer: Promise<O>;
  enqueuedAt = 0;
  /** Told once, after the answer; the activation uses it to forget the call. */
  onSettled: ((call: Call) => void) | undefined;
  #phase: Phase = "waiting";
  #resolve!: (output: O) => void;
  #reject!: (error: BarrageError) => void;

  constructor(readonly facts: CallFacts) {
    this.answer = new Promise<O>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  get input(): I {
    return this.facts.input as I;
  }

  get caller(): Caller {
    return this.facts.caller;
  }

  get sender(): string {
    return senderOf(this.facts.caller);
  }

  get phase(): Phase {
    return this.#phase;
  }

  get settled(): boolean {
    return this.#phase === "settled";
  }

  begin(): void {
    if (this.#phase === "waiting") this.#phase = "running";
  }

  /** Keeps the call open after its turn; it must be answered by a later turn of the same incarnation. */
  hold(): void {
    if (this.#phase === "running") this.#phase = "held";
  }

  /** It has left no trace where it ran, and may run elsewhere. */
  again(): void {
    if (this.#phase === "settled") return;
    this.#phase = "waiting";
    this.onSettled = undefined;
  }

  reply(output: O): void {
    if (this.#settle()) this.#resolve(output);
  }

  fail(error: BarrageError): void {
    if (this.#settle()) this.#reject(error);
  }

  #settle(): boolean {
    if (this.#phase === "settled") return false;
    this.#phase = "settled";
    this.onSettled?.(this as Call);
    return true;
  }
}

/** A command that an actor's own timer sends it. */
export function ownCall(
  { kind, verbs }: ActorDefinition,
  verb: string,
  input: unknown,
  deadline: number,
): Call {
  if (verbs[verb] === undefined) throw new Error(`Cannot call ${verb}: ${kind} has no such verb`);
  return new Call({
    verb,
    input,
    caller: SYSTEM,
    deadline,
    bytes: 0,
    id: undefined,
    chain: [],
    timer: undefined,
  });
}
