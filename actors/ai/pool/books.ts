import { BarrageError } from "protocol/errors.ts";
import type { Self } from "actors/runtime/behaviour.ts";
import { CommitFailed } from "actors/runtime/incarnation.ts";
import type { LeaseRecord, PoolStore } from "storage/ai_storage.ts";
import type { Write } from "storage/storage.ts";
import type { Runner } from "./definition.ts";
import type { PoolLimits } from "./limits.ts";
import type { Uses } from "./uses.ts";

const AWAKE = "awake";
/** Rows that are taken out at once, though nothing else is written. */
const ENDED_MAX = 200;

/**
 * What of the pool is durable: who is lent what, and what was learned. A lease that was given back stays in the store
 * for a moment, until something else is written: an owner that reads it counts a slot too much, never one too few.
 */
export class Books {
  readonly #self: Self;
  readonly #pools: PoolStore;
  readonly #uses: Uses;
  readonly #limits: PoolLimits;
  #ended: string[] = [];
  #gone: string[] = [];
  /** By lease, who has been found to make its call. */
  readonly #ran = new Map<string, Runner>();
  #flushAt = Infinity;
  /** The store says that no call which still counts can have begun. */
  #resting = false;
  /** When the durable timer comes, by the wall clock. */
  #awakeAt = -Infinity;

  constructor(self: Self, pools: PoolStore, uses: Uses, limits: PoolLimits) {
    this.#self = self;
    this.#pools = pools;
    this.#uses = uses;
    this.#limits = limits;
  }

  opened(resting: boolean): void {
    this.#resting = resting;
  }

  ran(lease: string, runner: Runner, now: number): void {
    this.#ran.set(lease, runner);
    this.#flushAt = Math.min(this.#flushAt, now + this.#limits.flushMs);
  }

  ended(lease: string, now: number): void {
    this.#ran.delete(lease);
    this.#ended.push(lease);
    this.#flushAt = Math.min(this.#flushAt, now + this.#limits.flushMs);
  }

  forget(credentials: readonly string[], now: number): void {
    if (credentials.length === 0) return;
    this.#gone.push(...credentials);
    this.#flushAt = Math.min(this.#flushAt, now + this.#limits.flushMs);
  }

  /** When something should be written though nothing is lent; monotonic. */
  get flushAt(): number {
    return this.#ended.length >= ENDED_MAX ? -Infinity : this.#flushAt;
  }

  /** When the durable timer has to be moved on; by the wall clock. */
  needsAwake(): boolean {
    return this.#self.clock.now() > this.#awakeAt - this.#limits.awakeMs / 2;
  }

  /** Nothing stays behind when the actor leaves memory. Where nothing counts any more, the next owner may begin at once. */
  async flush(busy: boolean, now: number): Promise<void> {
    if (this.#flushAt < Infinity) this.#flushAt = now;
    const rests = !busy && !this.#resting && this.#uses.idle(now);
    await this.write([], busy, now, rests ? [this.#pools.rest(this.#self.key, true)] : []);
  }

  /** @param busy Somebody waits, or has been lent something. */
  async write(
    lent: readonly LeaseRecord[],
    busy: boolean,
    now: number,
    more: readonly Write[] = [],
  ): Promise<void> {
    const { key, clock } = this.#self;
    const unsaved = [...this.#uses].filter((use) => use.unsaved);
    const awake = busy && this.needsAwake();
    const due = this.flushAt <= now;
    if (lent.length + unsaved.length + more.length === 0 && !awake && !due) return;
    const writes = [
      ...more,
      ...unsaved.map((use) => this.#pools.remember(key, use.stored(now, clock.now()))),
    ];
    if (lent.length > 0) {
      writes.push(this.#pools.lend(key, lent));
      if (this.#resting) writes.push(this.#pools.rest(key, false));
      this.#resting = false;
    }
    for (const [lease, runner] of this.#ran) writes.push(this.#pools.run(key, lease, runner));
    if (this.#ended.length > 0) writes.push(this.#pools.giveBack(key, this.#ended));
    for (const credential of this.#gone) writes.push(this.#pools.forget(key, credential));
    if (awake) {
      this.#awakeAt = clock.now() + this.#limits.awakeMs;
      writes.push(this.#self.setTimer(AWAKE, this.#awakeAt, "tick", {}));
    }
    this.#ended = [];
    this.#gone = [];
    this.#ran.clear();
    this.#flushAt = Infinity;
    for (const use of unsaved) use.unsaved = false;
    await this.#commit(writes);
  }

  async #commit(writes: readonly Write[]): Promise<void> {
    try {
      await this.#self.commit(writes, { survives: "process" });
    } catch (error) {
      // Memory is ahead of the store by now, whatever the cause.
      if (error instanceof BarrageError) throw new CommitFailed(error);
      throw error;
    }
  }
}
