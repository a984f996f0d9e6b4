import type { Bus } from "actors/bus/bus.ts";
import { roomActor } from "actors/room/definition.ts";
import { Call } from "actors/runtime/call.ts";
import { SYSTEM } from "actors/runtime/caller.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { ActorDefinition } from "actors/runtime/definition.ts";
import { Drops } from "actors/runtime/drops.ts";
import { Ids } from "actors/runtime/ids.ts";
import { RemoteCaller } from "actors/runtime/remote/caller_side.ts";
import { RemoteCounters } from "actors/runtime/remote/counters.ts";
import { KnownOwners } from "actors/runtime/remote/known_owners.ts";
import { shardOf } from "actors/runtime/shard.ts";
import { BarrageError } from "protocol/errors.ts";
import { Joined } from "protocol/rooms.ts";

const CALL_MS = 10_000;
const SWEEP_MS = 100;

/** The calling side of a node that owns nothing and stays: it asks rooms on the other nodes. */
export class Asker implements Disposable {
  readonly counters = new RemoteCounters();
  readonly #clock: Clock;
  readonly #caller: RemoteCaller;
  readonly #sweeps: ReturnType<typeof setInterval>;

  constructor(bus: Bus, clock: Clock) {
    this.#clock = clock;
    const ids = new Ids(clock, Math.random);
    this.#caller = new RemoteCaller({
      bus,
      clock,
      random: Math.random,
      drops: new Drops(),
      counters: this.counters,
      // Nobody stands still here: the queue serves.
      owners: new KnownOwners({ nodeId: "asker", clock, shards: () => Promise.resolve([]) }),
      nodeId: "asker",
      nextId: () => ids.next(),
      windowMax: 100,
      targetsMax: 10_000,
      deliver: (_definition, _key, call) => call.fail(new BarrageError("not_found", "No actors live here")),
    });
    this.#sweeps = setInterval(() => this.#caller.sweep(clock.monotonic()), SWEEP_MS);
  }

  get ready(): Promise<void> {
    return this.#caller.ready;
  }

  /** The epoch of the room's owner. */
  async epochOf(room: string): Promise<number> {
    const call = new Call({
      verb: "join",
      input: {},
      caller: SYSTEM,
      deadline: this.#clock.monotonic() + CALL_MS,
      bytes: 100,
      id: undefined,
      chain: [],
      timer: undefined,
    });
    this.#caller.send(roomActor as ActorDefinition, room, shardOf(roomActor.kind, room), call);
    return Joined.parse(await call.answer).epoch;
  }

  [Symbol.dispose](): void {
    clearInterval(this.#sweeps);
    this.#caller.stop();
  }
}
