import { BarrageError } from "protocol/errors.ts";
import { Activation, type ActivationHost } from "actors/runtime/activation.ts";
import type { Bus } from "actors/bus/bus.ts";
import { Call, type CallOptions, ownCall } from "actors/runtime/call.ts";
import { SYSTEM } from "actors/runtime/caller.ts";
import type { Factory } from "actors/runtime/behaviour.ts";
import type { ActorDefinition, Verbs } from "actors/runtime/definition.ts";
import { Drops } from "actors/runtime/drops.ts";
import { Ids } from "actors/runtime/ids.ts";
import { Pace } from "actors/runtime/pace.ts";
import { DEFAULT_LIMITS, type RuntimePorts } from "actors/runtime/ports.ts";
import type { CallOrigin } from "actors/runtime/ref.ts";
import { poolActor } from "actors/ai/pool/definition.ts";
import type { PoolDatabase } from "./database.ts";
import type { SimProcess } from "../process.ts";
import type { Random } from "../random.ts";

const SWEEP_MS = 500;
const IDLE_MS = 4_000;
const TIMEOUT_MS = 5_000;

export interface PlaceOptions {
  readonly process: SimProcess;
  readonly random: Random;
  readonly database: PoolDatabase;
  readonly factory: (place: PoolPlace) => Factory<Verbs>;
  readonly published: (event: string, body: Uint8Array) => void;
  /** A command to an answer, which lives anywhere. */
  readonly toAnswer: (answer: string, verb: string, input: unknown, timeoutMs: number) => Promise<unknown>;
}

/** Runs the real activation of a pool on a simulated process, under whatever epoch it is given. */
export class PoolPlace implements ActivationHost {
  readonly ports: RuntimePorts;
  readonly pace: Pace;
  readonly counters = { commands: 0, turns: 0, restarts: 0 };
  readonly process: SimProcess;
  readonly #options: PlaceOptions;
  #activation: Activation | undefined;
  #epoch: number | undefined;
  #generation = 0;

  constructor(readonly key: string, options: PlaceOptions) {
    const { process, random, database, published } = options;
    this.#options = options;
    this.process = process;
    this.pace = new Pace(process.clock);
    const bus: Pick<Bus, "publish"> = {
      publish: (subject, body) => published(subject.slice(subject.lastIndexOf(".") + 1), body),
    };
    this.ports = {
      clock: process.clock,
      random: random.next,
      ids: new Ids(process.clock, random.next),
      bus: bus as Bus,
      lane: database.lane,
      timers: database.timers,
      drops: new Drops(),
      limits: { ...DEFAULT_LIMITS, idleMs: IDLE_MS },
      timerHint: () => {},
      nextGeneration: () => this.#generation = Math.max(this.#generation + 1, process.clock.now()),
    };
    this.#sweep();
  }

  get owns(): boolean {
    return this.#epoch !== undefined;
  }

  /** Whether it is in memory. */
  get awake(): boolean {
    return this.#activation !== undefined;
  }

  own(epoch: number): void {
    this.#epoch = epoch;
  }

  /** The pool goes to somebody else; resolves when nothing runs here any more, or takes too long. */
  async leave(graceMs: number, sendOn: (call: Call) => void): Promise<void> {
    this.#epoch = undefined;
    await this.#activation?.leave(graceMs, sendOn);
  }

  /** False when it is not here. */
  deliver(call: Call): boolean {
    if (this.#epoch === undefined) return false;
    this.#activation ??= new Activation(
      this,
      poolActor as unknown as ActorDefinition,
      this.key,
      `pool:${this.key}`,
      0,
      this.#epoch,
      this.#options.factory(this),
    );
    this.#activation.deliver(call);
    return true;
  }

  call(verb: string, input: unknown, timeoutMs = TIMEOUT_MS): Call {
    const deadline = this.process.clock.monotonic() + timeoutMs;
    return new Call({
      ...{ verb, input, caller: SYSTEM, deadline, bytes: 128, id: undefined, chain: [], timer: undefined },
    });
  }

  leaseHolds(): boolean {
    return true;
  }

  busy(): void {}
  idle(): void {}

  gone(activation: Activation): void {
    if (this.#activation === activation) this.#activation = undefined;
  }

  fenced(_activation: Activation, unanswered: readonly Call[]): void {
    this.#epoch = undefined;
    for (const call of unanswered) call.fail(new BarrageError("moved"));
  }

  command(activation: Activation, verb: string, input: unknown): Call {
    const deadline = this.process.clock.monotonic() + TIMEOUT_MS;
    return ownCall(activation.definition, verb, input, deadline);
  }

  send(
    definition: ActorDefinition,
    key: string,
    verb: string,
    input: unknown,
    _origin: CallOrigin,
    options: CallOptions = {},
  ): Promise<unknown> {
    const timeoutMs = options.timeoutMs ?? TIMEOUT_MS;
    if (definition.kind !== "pool") return this.#options.toAnswer(key, verb, input, timeoutMs);
    const call = this.call(verb, input, timeoutMs);
    if (!this.deliver(call)) call.fail(new BarrageError("unavailable"));
    return call.answer;
  }

  #sweep(): void {
    const { clock } = this.process;
    clock.after(SWEEP_MS, () => {
      const activation = this.#activation;
      const now = clock.monotonic();
      activation?.sweep(now);
      if (activation?.quiet && now - activation.lastUsedAt > IDLE_MS) activation.passivate();
      this.#sweep();
    });
  }
}
