import { getLogger } from "@logtape/logtape";
import type { NodeRecord, OwnershipStore } from "storage/storage.ts";
import type { Clock } from "./clock.ts";
import { type ClusterView, orphans, readView, wished } from "./cluster_view.ts";

const log = getLogger(["barrage", "ownership"]);

/** Clocks of different machines do not run equally fast. */
const DRIFT = 0.05;
/** However many writes are refused, the database is asked about it this often at most. */
const DOUBT_MS = 500;

export interface LeaseTimes {
  /** How long a lease lasts by the database's clock. */
  readonly ttlMs: number;
  readonly renewMs: number;
  /** After this long without a good renewal, counted from sending it, the node stops by itself; below `ttlMs`. */
  readonly fenceMs: number;
  /** A node younger than this takes over nothing from a node that stays. */
  readonly settleMs: number;
}

export interface OwnershipOptions {
  readonly store: OwnershipStore;
  readonly clock: Clock;
  readonly node: { readonly id: string; readonly address: string; readonly version: string };
  readonly times: LeaseTimes;
  /** No other process can reach the database (the data directory is locked), so every other node is dead. */
  readonly alone: boolean;
  /** The lease is gone: whatever runs under it must stop. */
  readonly onLost: () => void;
  /** Shards this node has just come to own. */
  readonly onGained?: (shards: readonly number[]) => void;
  /** Prepares for a shard that another node owns and asks it to make it over; its new epoch, where it does. */
  readonly onWish?: (shard: number, owner: string, self: Holder) => Promise<number | undefined>;
  /** What was prepared for did not come, or too late. */
  readonly onMissed?: (shard: number) => void;
  /** Shards this node took for its own belong to somebody else. */
  readonly onRevoked?: (shards: readonly number[]) => void;
}

/** A process that is known by this name, and no earlier or later one of that name. */
export interface Holder {
  readonly id: string;
  readonly epoch: number;
}

/**
 * For each of them, milliseconds from now until it surely does nothing any more; undefined while its lease lasts. A lease
 * that is over by the database's clock was given up by its node before. Of a name that somebody else has by now that is
 * not known: its former bearer may still have to find out.
 */
export function goneInMs(
  holders: readonly Holder[],
  living: readonly Pick<NodeRecord, "id" | "epoch">[],
  { fenceMs }: Pick<LeaseTimes, "fenceMs">,
): (number | undefined)[] {
  const epochs = new Map(living.map(({ id, epoch }) => [id, epoch]));
  return holders.map(({ id, epoch }) => {
    const now = epochs.get(id);
    if (now === epoch) return undefined;
    return now === undefined ? 0 : fenceMs * (1 + DRIFT);
  });
}

interface Inside {
  readonly phase: "inside";
  readonly node: NodeRecord;
  readonly enteredAt: number;
  validUntil: number;
  readonly epochs: Map<number, number>;
}

type Life =
  | { readonly phase: "outside" }
  | Inside
  | { readonly phase: "stopped" };

/**
 * This node's lease and its shards. The lease lives in the database; the node also watches its own monotonic clock and
 * fences itself before the database would call it dead, so a paused process stops before another one starts.
 */
export class Ownership {
  readonly #options: OwnershipOptions;
  #life: Life = { phase: "outside" };
  #cancelNext: (() => void) | undefined;
  #running: Promise<void> = Promise.resolve();
  #looking: Promise<void> = Promise.resolve();
  #lookWaits = false;
  #moving = false;
  #draining = false;
  /** Cut off from the bus. */
  #aside = false;
  /** Shards under way: the database may already or still say that they are this node's. */
  readonly #taking = new Set<number>();
  readonly #leaving = new Map<number, number>();
  #doubtedAt = -Infinity;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  /** The epoch under which this node owns the shard now. */
  epochOf(shard: number): number | undefined {
    return this.#life.phase === "inside" && this.holds ? this.#life.epochs.get(shard) : undefined;
  }

  /** The epoch of this node's lease. */
  get nodeEpoch(): number | undefined {
    return this.#life.phase === "inside" && this.holds ? this.#life.node.epoch : undefined;
  }

  /** This process, while it holds its lease. */
  get holder(): Holder | undefined {
    if (this.#life.phase !== "inside" || !this.holds) return undefined;
    const { id, epoch } = this.#life.node;
    return { id, epoch };
  }

  /** This process where no other can do anything: the data directory is locked. */
  get only(): Holder | undefined {
    return this.#options.alone ? this.holder : undefined;
  }

  /** As the database sees it now. */
  async goneInMs(holders: readonly Holder[]): Promise<(number | undefined)[]> {
    if (holders.length === 0) return [];
    const { store, times, alone } = this.#options;
    return goneInMs(holders, await store.nodes(), alone ? { fenceMs: 0 } : times);
  }

  get holds(): boolean {
    return this.#life.phase === "inside" && this.#options.clock.monotonic() < this.#life.validUntil;
  }

  get shards(): readonly number[] {
    return this.#life.phase === "inside" && this.holds ? [...this.#life.epochs.keys()] : [];
  }

  async start(): Promise<void> {
    await this.#enter();
    await this.#look();
    this.#plan();
  }

  /** Gives all shards up and ends the lease, so that another node need not wait for it to run out. */
  async stop(): Promise<void> {
    this.#cancelNext?.();
    await this.#running;
    await this.#looking;
    const life = this.#life;
    this.#life = { phase: "stopped" };
    if (life.phase !== "inside") return;
    const { store } = this.#options;
    await store.release(life.node, [...life.epochs.keys()]);
    await store.unregister(life.node.id, life.node.epoch);
  }

  /** Tells the others that this node wants no shards any more; they come and ask for them. False when there are none. */
  async drain(): Promise<boolean> {
    if (this.#life.phase !== "inside") return false;
    const { id, epoch } = this.#life.node;
    const { store } = this.#options;
    const others = (await store.nodes()).filter((node) => node.id !== id && !node.draining);
    if (others.length === 0) return false;
    this.#draining = true;
    await store.drain(id, epoch);
    return true;
  }

  /** Stops owning one shard here; the database still has it until `transfer`. */
  forget(shard: number): void {
    if (this.#life.phase !== "inside") return;
    const epoch = this.#life.epochs.get(shard);
    if (epoch !== undefined) this.#leaving.set(shard, epoch);
    this.#life.epochs.delete(shard);
  }

  /** The epoch that the new owner has it with; undefined when it does not get it. */
  async transfer(shard: number, to: Holder): Promise<number | undefined> {
    const epoch = this.#leaving.get(shard);
    try {
      if (epoch === undefined || this.#life.phase !== "inside") return undefined;
      const { node } = this.#life;
      const { store } = this.#options;
      const next = await store.transfer(node, { n: shard, epoch }, to);
      // The one who asked is dead: whoever looks next may have it.
      if (next === undefined) await store.release(node, [shard]);
      return next;
    } finally {
      this.#leaving.delete(shard);
    }
  }

  /** Nobody can reach this node's actors: it leaves, so that others take its shards, and enters anew at `takeUp`. */
  async giveUp(): Promise<void> {
    this.#aside = true;
    const life = this.#life;
    if (life.phase !== "inside") return;
    const { store } = this.#options;
    this.#lose("cut off from the bus");
    try {
      await store.release(life.node, [...life.epochs.keys()]);
      await store.unregister(life.node.id, life.node.epoch);
    } catch (error) {
      log.error("Cannot release the shards, their lease must run out: {error}", { error });
    }
  }

  takeUp(): void {
    this.#aside = false;
    this.doubt();
  }

  /** Another node asked for shards to be looked at now rather than at the next renewal. */
  hint(): void {
    this.#rebalance();
  }

  /** A write met a newer epoch: the shard is somebody else's, and what else is ours is asked at once. */
  disown(shard: number): void {
    if (this.#life.phase === "inside" && this.#life.epochs.delete(shard)) this.#options.onRevoked?.([shard]);
    const now = this.#options.clock.monotonic();
    if (now - this.#doubtedAt < DOUBT_MS) return;
    this.#doubtedAt = now;
    this.doubt();
  }

  /** Asks the database at once what is still ours. */
  doubt(): void {
    this.#cancelNext?.();
    this.#turn();
  }

  get #reluctant(): boolean {
    return this.#draining || this.#aside;
  }

  #plan(): void {
    if (this.#life.phase === "stopped") return;
    this.#cancelNext?.();
    this.#cancelNext = this.#options.clock.after(this.#options.times.renewMs, () => this.#turn());
  }

  #turn(): void {
    this.#running = this.#running.then(() => this.#renew()).catch((error) => {
      log.warn("Cannot renew the lease: {error}", { error });
      if (!this.holds) this.#lose("no good renewal in time");
    }).finally(() => {
      this.#lookSoon();
      this.#plan();
    });
  }

  /** Apart from the renewals: shards that take long to look after must not cost the lease. */
  #lookSoon(): void {
    if (this.#lookWaits) return;
    this.#lookWaits = true;
    this.#looking = this.#looking.then(() => this.#look()).catch((error) => {
      log.warn("Cannot look after the shards: {error}", { error });
    });
  }

  async #look(): Promise<void> {
    this.#lookWaits = false;
    const life = this.#life;
    if (life.phase !== "inside") return;
    const before = new Map(life.epochs);
    const view = await readView(this.#options.store);
    await this.#reconcile(life, view, before);
    await this.#claim(life, view);
    this.#rebalance(view);
  }

  async #enter(): Promise<void> {
    if (this.#aside) return;
    const { store, clock, node, times, alone } = this.#options;
    if (alone) {
      for (const other of await store.nodes()) await store.unregister(other.id, other.epoch);
    }
    const sentAt = clock.monotonic();
    const record = await store.register({ ...node, ttlMs: times.ttlMs });
    if (this.#life.phase === "stopped" || this.#aside) return await store.unregister(record.id, record.epoch);
    this.#life = {
      phase: "inside",
      node: record,
      enteredAt: sentAt,
      validUntil: sentAt + times.fenceMs,
      epochs: new Map(),
    };
    log.info("Node {id} entered with epoch {epoch}", { id: record.id, epoch: record.epoch });
  }

  async #renew(): Promise<void> {
    const life = this.#life;
    if (life.phase === "stopped") return;
    if (life.phase === "outside") return await this.#enter();
    const { store, clock, times } = this.#options;
    const sentAt = clock.monotonic();
    if (sentAt >= life.validUntil) {
      this.#lose("the process was paused longer than its lease");
      return await this.#enter();
    }
    if (!await store.renew(life.node.id, life.node.epoch, times.ttlMs)) {
      this.#lose("the database has given it to another process");
      return await this.#enter();
    }
    life.validUntil = sentAt + times.fenceMs;
  }

  /** The database has the last word: an answer that was lost or came late may have left another picture here. */
  async #reconcile(
    life: Inside,
    { shards }: ClusterView,
    before: ReadonlyMap<number, number>,
  ): Promise<void> {
    const { store, onRevoked } = this.#options;
    if (this.#life !== life) return;
    const revoked: number[] = [];
    const stray: number[] = [];
    for (const { n, owner, ownerEpoch, epoch } of shards) {
      const mine = owner === life.node.id && ownerEpoch === life.node.epoch;
      const believed = life.epochs.get(n);
      const underWay = this.#taking.has(n) || this.#leaving.has(n) || believed !== before.get(n);
      if (underWay || (mine ? believed === epoch : believed === undefined)) continue;
      if (believed !== undefined) revoked.push(n);
      if (mine) stray.push(n);
    }
    for (const n of revoked) life.epochs.delete(n);
    if (revoked.length > 0) onRevoked?.(revoked);
    if (stray.length > 0) await store.release(life.node, stray);
  }

  async #claim(life: Inside, view: ClusterView): Promise<void> {
    if (this.#life !== life || this.#reluctant) return;
    const wanted = orphans(view, life.node.id).filter((n) => !life.epochs.has(n));
    if (wanted.length > 0) await this.#take(life, wanted, () => this.#options.store.claim(life.node, wanted));
  }

  async #take(
    life: Inside,
    wanted: readonly number[],
    ask: () => Promise<ReadonlyMap<number, number>>,
  ): Promise<void> {
    for (const n of wanted) this.#taking.add(n);
    const gained = await ask().finally(() => {
      for (const n of wanted) this.#taking.delete(n);
    });
    // What came too late is released again by the next look, or lost with the lease.
    if (this.#life !== life || this.#aside || !this.holds) return;
    for (const [n, epoch] of gained) life.epochs.set(n, epoch);
    if (gained.size > 0) this.#options.onGained?.([...gained.keys()]);
  }

  /** Takes over, one at a time, the shards that others own and this node should. Never while it may not own any. */
  async #rebalance(known?: ClusterView): Promise<void> {
    const life = this.#life;
    const { onWish, onMissed } = this.#options;
    if (this.#moving || this.#reluctant || life.phase !== "inside" || onWish === undefined) return;
    this.#moving = true;
    try {
      const { store, clock, times } = this.#options;
      const settled = clock.monotonic() - life.enteredAt >= times.settleMs;
      for (const { n, owner } of wished(known ?? await readView(store), life.node.id, settled)) {
        if (this.#life !== life || !this.holds || this.#reluctant) return;
        if (life.epochs.has(n)) continue;
        try {
          await this.#take(life, [n], async () => {
            const epoch = await onWish(n, owner, life.node);
            return new Map(epoch === undefined ? [] : [[n, epoch]]);
          });
        } finally {
          // Whatever happened: who prepared and does not own must not go on listening for the shard's commands.
          if (!life.epochs.has(n)) onMissed?.(n);
        }
      }
    } catch (error) {
      log.warn("Cannot take shards over: {error}", { error });
    } finally {
      this.#moving = false;
    }
  }

  #lose(why: string): void {
    if (this.#life.phase !== "inside") return;
    log.error("Lost the lease: {why}", { why });
    this.#life = { phase: "outside" };
    this.#options.onLost();
  }
}
