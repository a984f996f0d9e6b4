import type { Headers } from "actors/bus/bus.ts";
import { BarrageError } from "protocol/errors.ts";
import { FencedError, type TimerRecord, type Write } from "storage/storage.ts";
import type { Behaviour, CommitOptions, Self, Turn } from "./behaviour.ts";
import { type Caller, SYSTEM } from "./caller.ts";
import type { Clock } from "./clock.ts";
import type { ActorDefinition, Verbs } from "./definition.ts";
import type { Ids } from "./ids.ts";
import { type CallOrigin, makeRef, type Ref, type Sender } from "./ref.ts";
import type { RuntimePorts } from "./ports.ts";

/** A commit that did not succeed. The actor's memory may be ahead of the store, so the incarnation must end. */
export class CommitFailed extends Error {
  override readonly name = "CommitFailed";
  constructor(readonly error: BarrageError) {
    super(error.message, { cause: error });
  }
}

export interface TurnFacts {
  readonly caller: Caller;
  readonly deadline: number;
  readonly chain: readonly string[];
  readonly timer: TimerRecord | undefined;
}

/** Where an incarnation lives and how it sends a command to itself. */
export interface Dwelling {
  readonly definition: ActorDefinition;
  readonly key: string;
  readonly address: string;
  readonly shard: number;
  readonly epoch: number;
  readonly sender: Sender;
  enqueueOwn(verb: string, input: unknown): void;
}

/** One life of an actor in memory: from reading its state until it is flushed, crashes or loses its shard. */
export class Incarnation implements Self {
  /** Undefined while the factory runs. */
  behaviour: Behaviour<Verbs> | undefined;
  readonly bornAt: number;
  readonly #ports: RuntimePorts;
  readonly #dwelling: Dwelling;
  #controller: AbortController | undefined;
  #timers: Set<() => void> | undefined;
  #ended = false;
  #turn: TurnFacts | undefined;
  /** The turn's timer was removed together with the turn's own writes. */
  #timerDone = false;
  #hint = Infinity;

  constructor(ports: RuntimePorts, dwelling: Dwelling) {
    this.#ports = ports;
    this.#dwelling = dwelling;
    this.bornAt = ports.clock.monotonic();
  }

  get key(): string {
    return this.#dwelling.key;
  }

  get epoch(): number {
    return this.#dwelling.epoch;
  }

  get clock(): Clock {
    return this.#ports.clock;
  }

  get ids(): Ids {
    return this.#ports.ids;
  }

  get signal(): AbortSignal {
    this.#controller ??= new AbortController();
    if (this.#ended) this.#controller.abort(new BarrageError("unavailable", "The actor has left memory"));
    return this.#controller.signal;
  }

  beginTurn(facts: TurnFacts): Turn {
    this.#turn = facts;
    this.#timerDone = false;
    return new RunningTurn(this, this.#dwelling, facts);
  }

  endTurn(): void {
    this.#turn = undefined;
  }

  async commit(writes: readonly Write[], { founding = false, survives }: CommitOptions = {}): Promise<void> {
    const { definition, key, epoch } = this.#dwelling;
    if (definition.noun === undefined) {
      throw new Error(`Cannot commit: ${definition.kind} has no row to fence`);
    }
    if (this.#ended) throw new CommitFailed(new BarrageError("unavailable", "The actor has left memory"));
    if (this.#turn === undefined) throw new Error(`Cannot commit: ${definition.kind} is not in a turn`);
    const timer = this.#timerDone ? undefined : this.#turn.timer;
    const all = timer === undefined ? writes : [...writes, this.#ports.timers.done(timer)];
    try {
      await this.#ports.lane.commit({ noun: definition.noun, id: key, epoch, founding }, all, survives);
    } catch (error) {
      if (error instanceof FencedError) throw error;
      // Nothing of it is stored, and who applies a change after its commit has nothing to take back.
      if (error instanceof BarrageError && error.reason === "conflict") throw error;
      throw new CommitFailed(BarrageError.from(error));
    }
    if (timer !== undefined) this.#timerDone = true;
    if (this.#hint < Infinity) {
      this.#ports.timerHint(this.#hint);
      this.#hint = Infinity;
    }
  }

  publish(event: string, body: Uint8Array, headers: Headers = {}): void {
    if (this.#ended) return;
    const { definition, key, epoch } = this.#dwelling;
    const subject = `barrage.v1.evt.${definition.kind}.${key}.${event}`;
    this.#ports.bus.publish(subject, body, { epoch: String(epoch), ...headers });
  }

  after(ms: number, verb: string, input: unknown): () => void {
    const timers = this.#timers ??= new Set();
    const cancel = this.#ports.clock.after(ms, () => {
      timers.delete(cancel);
      if (!this.#ended) this.#dwelling.enqueueOwn(verb, input);
    });
    timers.add(cancel);
    return () => {
      timers.delete(cancel);
      cancel();
    };
  }

  setTimer(name: string, dueAt: number, verb: string, input: unknown): Write {
    const { definition, key, shard } = this.#dwelling;
    this.#hint = Math.min(this.#hint, dueAt);
    const generation = this.#ports.nextGeneration();
    return this.#ports.timers.set({
      kind: definition.kind,
      key,
      name,
      generation,
      shard,
      dueAt,
      verb,
      input,
    });
  }

  cancelTimer(name: string): Write {
    return this.#ports.timers.cancel(this.#dwelling.definition.kind, this.key, name);
  }

  ref<V extends Verbs>(definition: ActorDefinition<V>, key: string, as: Caller = SYSTEM): Ref<V> {
    return makeRef(this.#dwelling.sender, definition, key, { caller: as, chain: [], deadline: Infinity });
  }

  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.behaviour?.onEnd?.();
    this.#controller?.abort(new BarrageError("unavailable", "The actor has left memory"));
    for (const cancel of this.#timers ?? []) cancel();
    this.#timers = undefined;
  }
}

class RunningTurn implements Turn {
  readonly #incarnation: Incarnation;
  readonly #dwelling: Dwelling;
  readonly #facts: TurnFacts;

  constructor(incarnation: Incarnation, dwelling: Dwelling, facts: TurnFacts) {
    this.#incarnation = incarnation;
    this.#dwelling = dwelling;
    this.#facts = facts;
  }

  get caller(): Caller {
    return this.#facts.caller;
  }

  get deadline(): number {
    return this.#facts.deadline;
  }

  get signal(): AbortSignal {
    return this.#incarnation.signal;
  }

  ref<V extends Verbs>(definition: ActorDefinition<V>, key: string, as: Caller = this.caller): Ref<V> {
    const origin: CallOrigin = {
      caller: as,
      chain: [...this.#facts.chain, this.#dwelling.address],
      deadline: this.#facts.deadline,
    };
    return makeRef(this.#dwelling.sender, definition, key, origin);
  }
}
