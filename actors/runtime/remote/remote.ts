import type { Bus } from "actors/bus/bus.ts";
import type { Call } from "../call.ts";
import type { Caller } from "../caller.ts";
import type { Clock } from "../clock.ts";
import type { ActorDefinition } from "../definition.ts";
import type { Drops } from "../drops.ts";
import type { Holder } from "../ownership.ts";
import type { ShardRecord } from "storage/storage.ts";
import { AskSide } from "./ask_side.ts";
import { RemoteCaller } from "./caller_side.ts";
import { RemoteCounters, type RemoteReport } from "./counters.ts";
import { HandOff } from "./hand_off.ts";
import { KnownOwners } from "./known_owners.ts";
import { RemoteOwner } from "./owner_side.ts";

/** Without the bus for this long a node gives its shards up: nobody can reach them here. */
const CUT_OFF_MS = 5_000;

/** What the node does for others. */
export interface RemoteHost {
  definitionOf(kind: string): ActorDefinition | undefined;
  isHere(definition: ActorDefinition, key: string): boolean;
  epochOf(shard: number): number | undefined;
  deliver(definition: ActorDefinition, key: string, call: Call): void;
  ask(
    definition: ActorDefinition,
    key: string,
    verb: string,
    input: unknown,
    caller: Caller,
  ): Promise<unknown>;
  /** Flushes the shard's actors and makes it over; `stopListening` is called as soon as it is not owned. */
  handOver(shard: number, to: Holder, stopListening: () => void): Promise<number | undefined>;
  /** Another node drains: its shards want owners now. */
  onDraining(): void;
  onCutOff(): void;
  onBack(): void;
}

export interface RemoteOptions {
  readonly nodeId: string;
  readonly bus: Bus;
  readonly clock: Clock;
  readonly random: () => number;
  readonly drops: Drops;
  readonly nextId: () => string;
  /** Commands under way to one actor elsewhere, and such actors. */
  readonly windowMax: number;
  readonly targetsMax: number;
  /** Every shard, as the database has it. */
  readonly shards: () => Promise<readonly ShardRecord[]>;
  readonly host: RemoteHost;
}

/** Everything a node says to and hears from the other nodes of its cluster. */
export class Remote {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #host: RemoteHost;
  readonly #caller: RemoteCaller;
  readonly #owner: RemoteOwner;
  readonly #handOff: HandOff;
  readonly #ask: AskSide;
  readonly #counters = new RemoteCounters();
  readonly #unwatch: () => void;
  #cancelCutOff: (() => void) | undefined;
  #cutOff = false;

  constructor(options: RemoteOptions) {
    const { nodeId, bus, clock, random, drops, nextId, windowMax, targetsMax, shards, host } = options;
    this.#bus = bus;
    this.#clock = clock;
    this.#host = host;
    const definitionOf = (kind: string) => host.definitionOf(kind);
    const deliver = (definition: ActorDefinition, key: string, call: Call) =>
      host.deliver(definition, key, call);
    const counters = this.#counters;
    this.#caller = new RemoteCaller({
      bus,
      clock,
      random,
      drops,
      counters,
      owners: new KnownOwners({ nodeId, clock, shards }),
      nodeId,
      nextId,
      windowMax,
      targetsMax,
      deliver,
    });
    this.#owner = new RemoteOwner({
      nodeId,
      bus,
      clock,
      drops,
      definitionOf,
      epochOf: (shard) => host.epochOf(shard),
      deliver,
    });
    this.#handOff = new HandOff({
      bus,
      clock,
      drops,
      counters,
      nodeId,
      handOver: (shard, to) => host.handOver(shard, to, () => this.#owner.close(shard)),
      onDraining: () => host.onDraining(),
    });
    this.#ask = new AskSide({
      bus,
      clock,
      drops,
      definitionOf,
      isHere: (definition, key) => host.isHere(definition, key),
      send: (definition, key, verb, input, caller) => host.ask(definition, key, verb, input, caller),
    });
    this.#unwatch = bus.watch(() => this.#watch());
  }

  get ready(): Promise<unknown> {
    return Promise.all([this.#caller.ready, this.#owner.ready, this.#handOff.ready, this.#ask.ready]);
  }

  report(): RemoteReport {
    const { targets, waiting } = this.#caller;
    return { ...this.#counters, targets, waiting, asks: this.#ask.counts };
  }

  send(definition: ActorDefinition, key: string, shard: number, call: Call): void {
    this.#caller.send(definition, key, shard, call);
  }

  /** Commands to an actor of this node that were sent when it seemed to be elsewhere. */
  takeBack(definition: ActorDefinition, key: string): readonly Call[] {
    return this.#caller.takeBack(definition, key);
  }

  /** These shards are this node's now. */
  serve(shards: Iterable<number>): void {
    for (const shard of shards) {
      this.#caller.takeBackShard(shard);
      this.#owner.serve(shard);
    }
  }

  /** Listens for the shard, then asks its owner to make it over; its new epoch, if it does. */
  async takeOver(shard: number, owner: string, self: Holder): Promise<number | undefined> {
    await this.#owner.prepare(shard);
    return await this.#handOff.ask(owner, shard, self);
  }

  /** What was listened for belongs to somebody else, unless its owner died and this node took it meanwhile. */
  missed(shard: number): void {
    if (this.#host.epochOf(shard) === undefined) this.#owner.close(shard);
    else this.#owner.serve(shard);
  }

  announceDraining(): void {
    this.#handOff.announceDraining();
  }

  sweep(now: number): void {
    this.#caller.sweep(now);
  }

  /** No shard is this node's any more. */
  close(): void {
    this.#owner.closeAll();
  }

  stop(): void {
    this.#unwatch();
    this.#cancelCutOff?.();
    this.#owner.stop();
    this.#handOff.stop();
    this.#ask.stop();
    this.#caller.stop();
  }

  #watch(): void {
    this.#cancelCutOff?.();
    this.#cancelCutOff = undefined;
    if (this.#bus.state === "connected") {
      if (this.#cutOff) this.#host.onBack();
      this.#cutOff = false;
      return;
    }
    this.#cancelCutOff = this.#clock.after(CUT_OFF_MS, () => {
      this.#cutOff = true;
      this.#host.onCutOff();
    });
  }
}
