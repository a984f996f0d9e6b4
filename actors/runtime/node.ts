import { getLogger } from "@logtape/logtape";
import type { Bus } from "actors/bus/bus.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Storage, TimerRecord } from "storage/storage.ts";
import { Activation, type ActivationHost } from "./activation.ts";
import type { Factory } from "./behaviour.ts";
import { BusySet } from "./busy_set.ts";
import { Call, type CallOptions, ownCall } from "./call.ts";
import { type Caller, SYSTEM } from "./caller.ts";
import type { Clock } from "./clock.ts";
import type { ActorDefinition, Verbs } from "./definition.ts";
import { Drops } from "./drops.ts";
import { DurableTimers, timerCall } from "./durable_timers.ts";
import { Ids } from "./ids.ts";
import { type Holder, type LeaseTimes, Ownership } from "./ownership.ts";
import { Pace } from "./pace.ts";
import type { RuntimeLimits, RuntimePorts } from "./ports.ts";
import { type Hosted, type KindStats, Population } from "./population.ts";
import type { RemoteReport } from "./remote/counters.ts";
import { Remote } from "./remote/remote.ts";
import { type CallOrigin, makeRef, type Ref, type Sender } from "./ref.ts";
import { shardOf } from "./shard.ts";

const log = getLogger(["barrage", "node"]);

const SWEEP_MS = 100;
const PASSIVATE_EVERY = 10;
const DEFAULT_BYTES = 128;
const HAND_OVER_LOOK_MS = 50;
/** How long a turn may hold up the hand-off of its shard. */
const HAND_OVER_MS = 2_000;

export interface NodeOptions {
  readonly node: { readonly id: string; readonly address: string; readonly version: string };
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly bus: Bus;
  readonly storage: Storage;
  readonly limits: RuntimeLimits;
  readonly lease: LeaseTimes;
  /** No other process can reach the database. */
  readonly alone: boolean;
  /** Other nodes listen on the same bus. */
  readonly networked: boolean;
}

export interface HostOptions {
  readonly refuse?: NonNullable<Hosted["refuse"]>;
}

type Life = "new" | "running" | "draining" | "stopped";

/** The actors of one process: finds or starts them, sends commands, keeps the bounds, stops them in order. */
export class ActorNode implements ActivationHost, Sender {
  readonly ports: RuntimePorts;
  readonly pace: Pace;
  readonly drops = new Drops();
  readonly counters = { commands: 0, turns: 0, restarts: 0, passivations: 0 };
  readonly ownership: Ownership;
  readonly #timers: DurableTimers;
  readonly #population = new Population();
  readonly #busy = new BusySet();
  readonly #remote: Remote | undefined;
  #life: Life = "new";
  #sweeps = 0;
  #cancelSweep: (() => void) | undefined;
  #generation = 0;

  constructor(options: NodeOptions) {
    const { clock, random, storage } = options;
    this.pace = new Pace(clock);
    this.ownership = new Ownership({
      store: storage.ownership,
      clock,
      node: options.node,
      times: options.lease,
      alone: options.alone,
      onLost: () => this.#loseShards(),
      onGained: (shards) => this.#remote?.serve(shards),
      onWish: async (shard, owner, self) => await this.#remote?.takeOver(shard, owner, self),
      onMissed: (shard) => this.#remote?.missed(shard),
      onRevoked: (shards) => this.#revoke(shards),
    });
    this.#timers = new DurableTimers({
      store: storage.timers,
      clock,
      random,
      drops: this.drops,
      shards: () => this.ownership.shards,
      epochOf: (shard) => this.ownership.epochOf(shard),
      fire: (timer) => this.#fire(timer),
    });
    this.ports = {
      clock,
      random,
      ids: new Ids(clock, random),
      bus: options.bus,
      lane: storage.lane,
      timers: storage.timers,
      drops: this.drops,
      limits: options.limits,
      timerHint: (dueAt) => this.#timers.hint(dueAt),
      nextGeneration: () => this.#generation = Math.max(this.#generation + 1, clock.now()),
    };
    if (options.networked) this.#remote = this.#connect(options);
  }

  #connect({ node, bus, clock, random, storage }: NodeOptions): Remote {
    const { limits, ids } = this.ports;
    return new Remote({
      nodeId: node.id,
      bus,
      clock,
      random,
      drops: this.drops,
      nextId: () => ids.next(),
      windowMax: limits.mailbox.maxCount,
      targetsMax: limits.actorsMax,
      shards: () => storage.ownership.shards(),
      host: {
        definitionOf: (kind) => this.#population.find(kind)?.definition,
        isHere: ({ kind }, key) => this.#population.of(kind).activations.has(key),
        epochOf: (shard) => this.ownership.epochOf(shard),
        deliver: (definition, key, call) => this.#route(definition, key, call),
        ask: (definition, key, verb, input, caller) =>
          this.send(definition, key, verb, input, { caller, chain: [], deadline: Infinity }),
        handOver: (shard, to, stopListening) => this.#handOver(shard, to, stopListening),
        onDraining: () => this.ownership.hint(),
        onCutOff: () => this.ownership.giveUp(),
        onBack: () => this.ownership.takeUp(),
      },
    });
  }

  /** Declares that this node can run actors of this kind. `node` actors get their factory at `spawn`. */
  host<V extends Verbs>(
    definition: ActorDefinition<V>,
    factory?: Factory<V>,
    options: HostOptions = {},
  ): void {
    this.#population.host({
      definition: definition as ActorDefinition,
      factory: factory as Factory<Verbs> | undefined,
      refuse: options.refuse,
      activations: new Map(),
    });
  }

  async start(): Promise<void> {
    await this.#remote?.ready;
    await this.ownership.start();
    this.#life = "running";
    this.#timers.start();
    this.#planSweep();
  }

  ref<V extends Verbs>(definition: ActorDefinition<V>, key: string, caller: Caller = SYSTEM): Ref<V> {
    return makeRef(this, definition, key, { caller, chain: [], deadline: Infinity });
  }

  /** Starts an actor that is bound to this node and stays until it is retired. */
  spawn<V extends Verbs>(definition: ActorDefinition<V>, key: string, factory: Factory<V>): void {
    const hosted = this.#population.of(definition.kind);
    if (this.#life !== "running") throw new BarrageError("unavailable", "The node is stopping");
    if (hosted.activations.has(key)) throw new BarrageError("conflict", `${key} exists already`);
    this.#population.add(hosted, this.#activation(hosted, key, -1, 0, factory as Factory<Verbs>));
  }

  /** Ends an actor that was spawned here; what waits for it is answered `gone`. */
  retire(definition: ActorDefinition, key: string): void {
    this.#population.find(definition.kind)?.activations.get(key)?.stop(new BarrageError("gone"));
  }

  send(
    definition: ActorDefinition,
    key: string,
    verb: string,
    input: unknown,
    origin: CallOrigin,
    options?: CallOptions,
  ): Promise<unknown> {
    const { clock, limits } = this.ports;
    const call = new Call({
      verb,
      input,
      caller: origin.caller,
      deadline: Math.min(origin.deadline, clock.monotonic() + (options?.timeoutMs ?? limits.callTimeoutMs)),
      bytes: options?.bytes ?? DEFAULT_BYTES,
      id: options?.id,
      chain: origin.chain,
      timer: undefined,
    });
    this.#route(definition, key, call);
    return call.answer;
  }

  command(activation: Activation, verb: string, input: unknown): Call {
    const deadline = this.ports.clock.monotonic() + this.ports.limits.callTimeoutMs;
    return ownCall(activation.definition, verb, input, deadline);
  }

  leaseHolds(activation: Activation): boolean {
    return activation.shard < 0 || this.ownership.holds;
  }

  busy(activation: Activation): void {
    this.#busy.add(activation);
  }

  idle(activation: Activation): void {
    this.#busy.delete(activation);
  }

  gone(activation: Activation): void {
    this.#population.remove(activation);
  }

  fenced(activation: Activation, unanswered: readonly Call[]): void {
    this.drops.count("commit", "fenced");
    const { address, epoch } = activation;
    log.error("{address} met a newer epoch than {epoch}", { address, epoch });
    this.ownership.disown(activation.shard);
    for (const call of unanswered) this.#sendOn(activation, call);
  }

  /** What goes between this node and the others; undefined when it is alone. */
  get remote(): RemoteReport | undefined {
    return this.#remote?.report();
  }

  stats(): KindStats[] {
    return this.#population.stats();
  }

  /** Lets the others take every shard, in `graceMs` at most; commands go on meanwhile. False when there are none. */
  async handEverythingOver(graceMs: number): Promise<boolean> {
    if (this.#remote === undefined || !await this.ownership.drain()) return false;
    this.#remote.announceDraining();
    const { clock } = this.ports;
    const end = clock.monotonic() + graceMs;
    while (this.ownership.shards.length > 0 && clock.monotonic() < end) {
      await new Promise<void>((resolve) => clock.after(HAND_OVER_LOOK_MS, resolve));
    }
    return true;
  }

  /** Refuses new commands and lets what waits finish, for at most `graceMs`. */
  async drain(graceMs: number): Promise<void> {
    if (this.#life !== "running") return;
    this.#life = "draining";
    this.#timers.stop();
    await this.#busy.untilEmpty(this.ports.clock, graceMs);
  }

  /** Flushes every actor, for at most `graceMs`, and gives the lease up; what is still open is answered `unavailable`. */
  async stop(graceMs: number): Promise<void> {
    await this.drain(graceMs);
    if (this.#life !== "draining") return;
    const bound = Promise.withResolvers<void>();
    const cancel = this.ports.clock.after(graceMs, bound.resolve);
    const all = [...this.#population.all()];
    await Promise.race([bound.promise, Promise.all(all.map((activation) => activation.passivate()))]);
    cancel();
    this.#life = "stopped";
    for (const activation of all) activation.stop(new BarrageError("unavailable", "The node is stopping"));
    this.#cancelSweep?.();
    this.#remote?.close();
    await this.ownership.stop();
    this.#remote?.stop();
  }

  #route(definition: ActorDefinition, key: string, call: Call): void {
    const hosted = this.#population.of(definition.kind);
    if (this.#life !== "running" && call.facts.chain.length === 0) {
      return call.fail(new BarrageError("unavailable", "The node is stopping"));
    }
    const known = hosted.activations.get(key);
    if (call.facts.chain.length > 0 && call.facts.chain.includes(`${definition.kind}:${key}`)) {
      const circle = [...call.facts.chain, `${definition.kind}:${key}`].join(" -> ");
      return call.fail(new BarrageError("cycle", `Actors call each other in a circle: ${circle}`));
    }
    const refusal = hosted.refuse?.(key, call.facts.verb);
    if (refusal !== undefined) return call.fail(refusal);
    if (known !== undefined) return known.deliver(call);
    if (definition.placement === "node" || hosted.factory === undefined) {
      return call.fail(new BarrageError("not_found", `No ${definition.kind} ${key} here`));
    }
    const shard = shardOf(definition.kind, key);
    const epoch = this.ownership.epochOf(shard);
    if (epoch === undefined) {
      // A timer is delivered by the owner of its shard alone, who takes its row away with what it did.
      if (this.#remote === undefined || call.facts.timer !== undefined) {
        return call.fail(new BarrageError("unavailable", "No node owns the shard right now"));
      }
      return this.#remote.send(definition, key, shard, call);
    }
    const { actorsMax } = this.ports.limits;
    // Passivation takes a moment, so the bound may be passed by a tenth, never by more.
    if (
      this.#population.sharded >= actorsMax &&
      (!this.#makeRoom() || this.#population.sharded >= actorsMax * 1.1)
    ) {
      this.drops.count("node", "overloaded");
      return call.fail(
        new BarrageError("overloaded", "The node holds too many actors", { retryAfterMs: 1_000 }),
      );
    }
    const made = this.#activation(hosted, key, shard, epoch, hosted.factory);
    this.#population.add(hosted, made);
    const sentBefore = this.#remote?.takeBack(definition, key) ?? [];
    for (const each of [...sentBefore, call]) made.deliver(each);
  }

  #activation(
    hosted: Hosted,
    key: string,
    shard: number,
    epoch: number,
    factory: Factory<Verbs>,
  ): Activation {
    const address = `${hosted.definition.kind}:${key}`;
    return new Activation(this, hosted.definition, key, address, shard, epoch, factory);
  }

  async #fire(timer: TimerRecord): Promise<void> {
    const definition = this.#population.find(timer.kind)?.definition;
    const { clock, limits } = this.ports;
    if (definition === undefined) throw new BarrageError("unknown_method", `No actor ${timer.kind}`);
    const call = timerCall(definition, timer, clock.monotonic() + limits.callTimeoutMs);
    this.#route(definition, timer.key, call);
    await call.answer;
  }

  #planSweep(): void {
    this.#cancelSweep = this.ports.clock.after(SWEEP_MS, () => {
      const now = this.ports.clock.monotonic();
      this.#busy.sweep(now);
      this.#remote?.sweep(now);
      if (++this.#sweeps % PASSIVATE_EVERY === 0) this.#passivateIdle(now);
      if (this.#life !== "stopped") this.#planSweep();
    });
  }

  #passivateIdle(now: number): void {
    const { idleMs, actorsMax } = this.ports.limits;
    for (const activation of this.#population.ofShards()) {
      const mostMs = Math.min(idleMs, activation.definition.idleMs ?? Infinity);
      if (now - activation.lastUsedAt >= mostMs && activation.quiet) this.#passivate(activation);
    }
    // Some room is made before it is needed, so that a new actor rarely has to wait for an old one's flush.
    if (this.#population.sharded > actorsMax * 0.95) this.#makeRoom();
  }

  /** Sends the tenth that was not used for longest out of memory; false when none of them is quiet. */
  #makeRoom(): boolean {
    const leaving = this.#population.quietest(Math.max(1, Math.floor(this.ports.limits.actorsMax / 10)));
    for (const activation of leaving) this.#passivate(activation);
    return leaving.length > 0;
  }

  #passivate(activation: Activation): void {
    this.counters.passivations++;
    activation.passivate();
  }

  #loseShards(): void {
    this.#remote?.close();
    const error = new BarrageError("unavailable", "The node has lost its lease");
    for (const activation of [...this.#population.ofShards()]) activation.stop(error);
  }

  async #handOver(shard: number, to: Holder, stopListening: () => void): Promise<number | undefined> {
    this.ownership.forget(shard);
    stopListening();
    await this.#leave(shard);
    return await this.ownership.transfer(shard, to);
  }

  /** The database has given these shards to others. */
  #revoke(shards: readonly number[]): void {
    for (const shard of shards) {
      this.#remote?.missed(shard);
      this.#leave(shard);
    }
  }

  async #leave(shard: number): Promise<void> {
    const leaving = [...this.#population.ofShards()].filter((activation) => activation.shard === shard);
    await Promise.all(
      leaving.map((activation) => activation.leave(HAND_OVER_MS, (call) => this.#sendOn(activation, call))),
    );
  }

  /** For a command that waited for an actor which is not here any more. */
  #sendOn({ definition, key }: Activation, call: Call): void {
    if (this.#remote === undefined) call.fail(new BarrageError("moved"));
    else this.#route(definition, key, call);
  }
}
