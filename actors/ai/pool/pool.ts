import { getLogger } from "@logtape/logtape";
import { BarrageError } from "protocol/errors.ts";
import { type Behaviour, type Factory, Later, type Self, type Turn } from "actors/runtime/behaviour.ts";
import type { Call } from "actors/runtime/call.ts";
import type { Input, Output } from "actors/runtime/definition.ts";
import type { Drops } from "actors/runtime/drops.ts";
import type { Ref } from "actors/runtime/ref.ts";
import type { CredentialRecord, LeaseRecord, PoolStore } from "storage/ai_storage.ts";
import { Books } from "./books.ts";
import { poolActor, poolOf, type PoolVerb, type PoolVerbs } from "./definition.ts";
import { Digests } from "./digests.ts";
import { Lending, type Runners } from "./lending.ts";
import type { PoolLimits } from "./limits.ts";
import type { PoolMeter, PoolMeters } from "./meter.ts";
import { authorize } from "./permissions.ts";
import { Places } from "./places.ts";
import { type Probe, Probes } from "./probes.ts";
import { Queue } from "./queue.ts";
import { Telling } from "./telling.ts";
import { Uses } from "./uses.ts";
import { viewOf } from "./view.ts";
import { WaitingRoom } from "./waiting_room.ts";

const log = getLogger(["barrage", "ai"]);
const json = new TextEncoder();

/** When the own command that settles was refused, or the store could not be read. */
const RETRY_MS = 20;
/** Places are told first when it is clear that one has to wait. */
const PLACES_SOON_MS = 100;
/** While somebody waits or has been lent something, it does so much as to stay in memory. */
const BUSY_MS = 500;
const REFRESH_RETRY_MS = 5_000;

export interface PoolPorts {
  readonly pools: PoolStore;
  /** Every credential there is, the built-in ones included. */
  readonly credentials: { list(): Promise<readonly CredentialRecord[]> };
  readonly probe: Probe;
  readonly runners: Runners;
  readonly drops: Drops;
  readonly meters: PoolMeters;
  readonly limits: PoolLimits;
}

type In<V extends PoolVerb> = Input<PoolVerbs[V]>;
type Out<V extends PoolVerb> = Output<PoolVerbs[V]>;
type Calls<V extends PoolVerb> = readonly Call<In<V>, Out<V>>[];
type Nothing = Record<string, never>;

export function poolFactory(ports: PoolPorts): Factory<PoolVerbs> {
  return (self) => new Pool(self, ports);
}

/**
 * What comes in changes memory at once and is answered; what follows from it - leases, rows - is decided by `settle`, which
 * the pool sends itself behind everything that waits already. So one commit serves all that came while the last one ran.
 */
class Pool implements Behaviour<PoolVerbs> {
  readonly #self: Self;
  readonly #ports: PoolPorts;
  readonly #own: Ref<PoolVerbs>;
  readonly #meter: PoolMeter;
  readonly #uses: Uses;
  readonly #queue = new Queue();
  readonly #places: Places;
  readonly #books: Books;
  readonly #probes: Probes;
  readonly #lending: Lending;
  readonly #room: WaitingRoom;
  #settling = false;
  #refreshAt = Infinity;
  #placesAt = -Infinity;
  #tick: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(self: Self, ports: PoolPorts) {
    const { limits, drops, meters, pools, probe, runners } = ports;
    this.#self = self;
    this.#ports = ports;
    this.#own = self.ref(poolActor, self.key);
    this.#meter = meters.open(self.key, this.#now);
    this.#uses = new Uses(limits);
    this.#places = new Places(this.#queue, this.#uses, limits.callMs);
    this.#books = new Books(self, pools, this.#uses, limits);
    this.#probes = new Probes(self, probe, this.#uses, limits);
    const parts = {
      ...{
        limits,
        drops,
        runners,
        meter: this.#meter,
        uses: this.#uses,
        queue: this.#queue,
        places: this.#places,
      },
      ...{
        books: this.#books,
        probes: this.#probes,
        digests: new Digests(),
        telling: new Telling(self, limits),
      },
    };
    this.#lending = new Lending(self, parts);
    this.#room = new WaitingRoom(self, { ...parts, lending: this.#lending });
  }

  async onActivate(): Promise<void> {
    const { pools, credentials, limits } = this.#ports;
    const { key, epoch, clock } = this.#self;
    const stored = await pools.acquire(key, epoch, limits.queueMax);
    const [gone, records] = await Promise.all([this.#goneInMs(stored.leases), credentials.list()]);
    const now = this.#now;
    this.#uses.update(records, poolOf(key), now, stored.resting);
    this.#books.opened(stored.resting);
    this.#uses.restore(stored.states, now, clock.now());
    this.#lending.restore(stored, gone, now);
    this.#room.restore(stored.waiting, now);
    this.#refreshAt = now + limits.refreshMs;
    this.#turnOver();
  }

  /** What was given back is taken out of the store, so that the next owner need not wait for it. */
  async onPassivate(): Promise<void> {
    await this.#books.flush(this.#lending.busy, this.#now);
  }

  onEnd(): void {
    this.#meter.close();
  }

  enqueue(calls: Calls<"enqueue">): void | Promise<void> {
    const enter = () => this.#each("enqueue", calls, (ticket, now) => this.#room.enter(ticket, now));
    if (this.#now < this.#refreshAt) return enter();
    return this.#refresh().then(enter);
  }

  leave(calls: Calls<"leave">): void {
    this.#each("leave", calls, ({ answer }) => this.#nothing(this.#room.leave(answer)));
  }

  started(calls: Calls<"started">): void {
    this.#each("started", calls, ({ lease }, now) => this.#nothing(this.#lending.started(lease, now)));
  }

  renew(calls: Calls<"renew">): void {
    this.#each("renew", calls, ({ lease, started = false, runner }, now) => ({
      held: this.#lending.renew(lease, started, runner, now),
    }));
  }

  release(calls: Calls<"release">): void {
    this.#each("release", calls, ({ lease, outcome }, now) => {
      return this.#nothing(this.#lending.release(lease, outcome, now));
    });
  }

  holds(calls: Calls<"holds">): void {
    this.#each("holds", calls, ({ answer, attempt }) => ({
      held: this.#lending.leases.of(answer)?.record.attempt === attempt,
    }));
  }

  declined(calls: Calls<"declined">): void {
    this.#each("declined", calls, ({ lease }, now) => {
      return this.#nothing(this.#lending.declined(lease, now));
    });
  }

  async settle(_input: Nothing, turn: Turn): Promise<Nothing> {
    authorize("settle", turn.caller);
    this.#settling = false;
    this.#turnOver(await this.#lending.settle());
    return {};
  }

  async tick(_input: Nothing, turn: Turn): Promise<Nothing> {
    authorize("tick", turn.caller);
    this.#tick?.cancel();
    this.#tick = undefined;
    this.#settling = false;
    if (this.#now >= this.#refreshAt && this.#lending.busy) await this.#refresh();
    const now = this.#now;
    if (this.#queue.size > 0 && now >= this.#placesAt) {
      this.#room.sweep(now);
      this.#tellPlaces(now);
    }
    this.#turnOver(await this.#lending.settle());
    return {};
  }

  async refresh(_input: Nothing, turn: Turn): Promise<Nothing> {
    authorize("refresh", turn.caller);
    await this.#refresh();
    this.#turnOver();
    return {};
  }

  probe({ credential }: In<"probe">, turn: Turn): Later<Out<"probe">> {
    authorize("probe", turn.caller);
    const outcome = this.#probes.ask(credential);
    this.#turnOver();
    return new Later(outcome);
  }

  probed({ lease, outcome }: In<"probed">, turn: Turn): Nothing {
    authorize("probed", turn.caller);
    this.#lending.probed(lease, outcome, this.#now);
    this.#turnOver();
    return {};
  }

  inspect(_input: Nothing, turn: Turn): Out<"inspect"> {
    authorize("inspect", turn.caller);
    const now = this.#now;
    return {
      waiting: this.#queue.size,
      leased: this.#lending.leases.size + this.#probes.size,
      slots: this.#uses.slots(now),
      uses: [...this.#uses].map((use) => viewOf(use, now)),
    };
  }

  get #now(): number {
    return this.#self.clock.monotonic();
  }

  #each<V extends "enqueue" | "leave" | "started" | "renew" | "release" | "holds" | "declined">(
    verb: V,
    calls: Calls<V>,
    answer: (input: In<V>, now: number) => Out<V>,
  ): void {
    const now = this.#now;
    this.#uses.awaken(now);
    for (const call of calls) {
      try {
        authorize(verb, call.caller);
        call.reply(answer(call.input, now));
      } catch (error) {
        if (!(error instanceof BarrageError)) throw error;
        call.fail(error);
      }
    }
    this.#turnOver();
  }

  /** By lease, of those whose process does not live any more. */
  async #goneInMs(leases: readonly LeaseRecord[]): Promise<ReadonlyMap<string, number>> {
    const run = leases.flatMap(({ id, runner }) => runner === undefined ? [] : [{ id, runner }]);
    const gone = await this.#ports.runners.goneInMs(run.map(({ runner }) => runner));
    return new Map(run.flatMap(({ id }, nth) => gone[nth] === undefined ? [] : [[id, gone[nth]]]));
  }

  #nothing(_done: void): Nothing {
    return {};
  }

  async #refresh(): Promise<void> {
    const { credentials, limits } = this.#ports;
    try {
      const records = await credentials.list();
      const now = this.#now;
      this.#books.forget(this.#uses.update(records, poolOf(this.#self.key), now), now);
      this.#refreshAt = now + limits.refreshMs;
    } catch (error) {
      log.warn("Cannot read the credentials again: {error}", { error });
      this.#refreshAt = this.#now + REFRESH_RETRY_MS;
    }
  }

  #tellPlaces(now: number): void {
    this.#placesAt = now + this.#ports.limits.placesMs;
    this.#meter.present((user) => this.#queue.of(user) > 0, this.#queue.users(), now);
    for (const places of this.#places.changed(now)) {
      this.#self.publish("queue", json.encode(JSON.stringify({ places })));
    }
  }

  /**
   * Whatever a turn was about: what follows from it happens soon, and what comes by itself at its time.
   * @param lendable Something has changed since it was last tried to lend.
   */
  #turnOver(lendable = true): void {
    const now = this.#now;
    const waiting = this.#queue.size;
    const busy = this.#lending.leases.size + this.#probes.size;
    this.#meter.pass({ waiting, busy, slots: waiting === 0 ? 0 : this.#uses.slots(now) }, now);
    const wanted = (waiting > 0 && this.#uses.mayLend) || this.#probes.asked;
    const awake = this.#lending.busy && this.#books.needsAwake();
    if ((wanted && lendable || awake) && !this.#settling) {
      this.#settling = true;
      // The mailbox is full: the reserved lane has room for a tick.
      this.#own.settle({}).catch(() => this.#self.after(RETRY_MS, "tick", {}));
    }
    this.#plan(now);
  }

  #plan(now: number): void {
    const waiting = this.#queue.size > 0;
    const at = Math.min(
      this.#lending.dueAt,
      this.#probes.dueAt(now),
      this.#books.flushAt,
      waiting ? this.#uses.wakesAt : Infinity,
      waiting ? Math.max(now + PLACES_SOON_MS, this.#placesAt) : Infinity,
      this.#lending.busy ? now + BUSY_MS : Infinity,
    );
    if (at === Infinity || (this.#tick !== undefined && this.#tick.at <= at)) return;
    this.#tick?.cancel();
    this.#tick = { at, cancel: this.#self.after(Math.max(1, at - now), "tick", {}) };
  }
}
