import { getLogger } from "@logtape/logtape";
import { type NodeRecord, type OwnershipStore, SHARDS } from "storage/storage.ts";
import type { Clock } from "./clock.ts";
import { wish } from "./shard.ts";

const log = getLogger(["barrage", "ownership"]);

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
  /** Prepares for a shard that another node owns, asks it to let go, and undoes the preparation where it does not. */
  readonly onWish?: (shard: number, owner: string) => Promise<boolean>;
  /** The shard was let go, but somebody else has it now. */
  readonly onMissed?: (shard: number) => void;
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
  #moving = false;
  #draining = false;
  /** Cut off from the bus. */
  #aside = false;

  constructor(options: OwnershipOptions) {
    this.#options = options;
  }

  /** The epoch under which this node owns the shard now. */
  epochOf(shard: number): number | undefined {
    return this.#life.phase === "inside" && this.holds ? this.#life.epochs.get(shard) : undefined;
  }

  get holds(): boolean {
    return this.#life.phase === "inside" && this.#options.clock.monotonic() < this.#life.validUntil;
  }

  get shards(): readonly number[] {
    return this.#life.phase === "inside" && this.holds ? [...this.#life.epochs.keys()] : [];
  }

  async start(): Promise<void> {
    await this.#enter();
    this.#plan();
  }

  /** Gives all shards up and ends the lease, so that another node need not wait for it to run out. */
  async stop(): Promise<void> {
    this.#cancelNext?.();
    await this.#running;
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

  /** Stops owning one shard here; the database still has it until `release`. */
  forget(shard: number): void {
    if (this.#life.phase === "inside") this.#life.epochs.delete(shard);
  }

  async release(shard: number): Promise<void> {
    if (this.#life.phase === "inside") await this.#options.store.release(this.#life.node, [shard]);
  }

  /** Nobody can reach this node's actors: others should have its shards. It keeps its lease and waits for `takeUp`. */
  async giveUp(): Promise<void> {
    const life = this.#life;
    if (life.phase !== "inside") return;
    log.error("Cut off from the bus: giving all shards up");
    this.#aside = true;
    const shards = [...life.epochs.keys()];
    life.epochs.clear();
    this.#options.onLost();
    try {
      await this.#options.store.release(life.node, shards);
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

  /** A write of ours met a newer epoch: ask the database at once what is still ours. */
  doubt(): void {
    this.#cancelNext?.();
    this.#turn();
  }

  get #reluctant(): boolean {
    return this.#draining || this.#aside;
  }

  #plan(): void {
    if (this.#life.phase === "stopped") return;
    this.#cancelNext = this.#options.clock.after(this.#options.times.renewMs, () => this.#turn());
  }

  #turn(): void {
    this.#running = this.#running.then(() => this.#renew()).catch((error) => {
      log.warn("Cannot renew the lease: {error}", { error });
      if (!this.holds) this.#lose("no good renewal in time");
    }).finally(() => this.#plan());
  }

  async #enter(): Promise<void> {
    const { store, clock, node, times, alone } = this.#options;
    if (alone) {
      for (const other of await store.nodes()) await store.unregister(other.id, other.epoch);
    }
    const sentAt = clock.monotonic();
    const record = await store.register({ ...node, ttlMs: times.ttlMs });
    if (this.#life.phase === "stopped") return;
    this.#life = {
      phase: "inside",
      node: record,
      enteredAt: sentAt,
      validUntil: sentAt + times.fenceMs,
      epochs: new Map(),
    };
    await this.#claim();
    log.info("Node {id} entered with epoch {epoch} and owns {shards} shards", {
      id: record.id,
      epoch: record.epoch,
      shards: this.shards.length,
    });
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
    await this.#claim();
    this.#rebalance();
  }

  async #claim(): Promise<void> {
    const life = this.#life;
    if (life.phase !== "inside" || life.epochs.size === SHARDS || this.#reluctant) return;
    const { store } = this.#options;
    const nodes = (await store.nodes()).filter((node) => !node.draining).map((node) => node.id);
    const wanted: number[] = [];
    for (let n = 0; n < SHARDS; n++) {
      if (!life.epochs.has(n) && wish(n, nodes) === life.node.id) wanted.push(n);
    }
    if (wanted.length === 0) return;
    await this.#take(life, wanted);
  }

  async #take(life: Inside, wanted: readonly number[]): Promise<readonly number[]> {
    const gained = await this.#options.store.claim(life.node, wanted);
    if (this.#life !== life) return [];
    for (const [n, epoch] of gained) life.epochs.set(n, epoch);
    const shards = [...gained.keys()];
    if (shards.length > 0) this.#options.onGained?.(shards);
    return shards;
  }

  /** Takes over, one at a time, the shards that others own and this node should. Never while it may not own any. */
  async #rebalance(): Promise<void> {
    const life = this.#life;
    if (this.#moving || this.#reluctant || life.phase !== "inside" || this.#options.onWish === undefined) {
      return;
    }
    this.#moving = true;
    try {
      for (const { n, owner } of await this.#wished(life)) {
        if (this.#life !== life || !this.holds || this.#reluctant) return;
        if (!await this.#options.onWish(n, owner)) continue;
        if ((await this.#take(life, [n])).length === 0) this.#options.onMissed?.(n);
      }
    } catch (error) {
      log.warn("Cannot take shards over: {error}", { error });
    } finally {
      this.#moving = false;
    }
  }

  /**
   * While a node drains, only its shards move; otherwise a node asks for its share when all have lived for a while, so
   * that a rolling deploy does not shuffle shards back and forth.
   */
  async #wished(life: Inside): Promise<{ n: number; owner: string }[]> {
    const { store, clock, times } = this.#options;
    const nodes = await store.nodes();
    const draining = new Set(nodes.filter((node) => node.draining).map(({ id }) => id));
    const staying = nodes.filter((node) => !node.draining).map(({ id }) => id);
    const settled = draining.size === 0 && clock.monotonic() - life.enteredAt >= times.settleMs;
    const wished: { n: number; owner: string }[] = [];
    for (const { n, owner } of await store.shards()) {
      if (owner === undefined || life.epochs.has(n) || wish(n, staying) !== life.node.id) continue;
      if (draining.has(owner) || (settled && staying.includes(owner))) wished.push({ n, owner });
    }
    return wished;
  }

  #lose(why: string): void {
    if (this.#life.phase !== "inside") return;
    log.error("Lost the lease: {why}", { why });
    this.#life = { phase: "outside" };
    this.#options.onLost();
  }
}
