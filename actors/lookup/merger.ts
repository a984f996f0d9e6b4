import { LRUCache } from "lru-cache";
import { BarrageError } from "protocol/errors.ts";
import type { Clock } from "actors/runtime/clock.ts";
import { ArrivalRate } from "./arrival_rate.ts";
import type { MergeLimits } from "./limits.ts";

/** What a query found of one id, or that there is none. */
export interface Found<T> {
  readonly value: T | undefined;
  /** When the query began, on the clock's monotonic scale: the value was right then, or became so after. */
  readonly readAt: number;
  /** What the query took, in milliseconds. */
  readonly costMs: number;
}

export interface MergerOptions<T> {
  /** One query; what is missing in its answer does not exist. */
  readonly read: (ids: readonly string[]) => Promise<ReadonlyMap<string, T>>;
  readonly clock: Clock;
  readonly limits: MergeLimits;
}

interface Wish<T> {
  readonly id: string;
  readonly answer: Promise<Found<T>>;
  readonly resolve: (found: Found<T>) => void;
  readonly reject: (error: unknown) => void;
  /** The latest time at which anybody still waits for it, monotonic. */
  until: number;
}

interface Query<T> {
  readonly startedAt: number;
  readonly wishes: ReadonlyMap<string, Wish<T>>;
  cancelSlow: () => void;
  slow: boolean;
}

export interface MergerStats {
  readonly asked: number;
  readonly queries: number;
  readonly ids: number;
  readonly shared: number;
  readonly failed: number;
  readonly refused: number;
  readonly expired: number;
}

/**
 * Makes few queries of many reads by id. While a query runs, whatever is asked for waits, and becomes the next query; so
 * a lone read starts at once, and under load the queries grow by themselves. A read says how old its answer may be: one
 * that tolerates some age shares the answer of a query that runs already, or that ended a moment ago; one that must be
 * fresh waits for a query that starts after it was asked. A query that takes long gets company, up to a bound.
 */
export class Merger<T> {
  readonly #options: MergerOptions<T>;
  #waiting = new Map<string, Wish<T>>();
  readonly #running = new Set<Query<T>>();
  readonly #recent: LRUCache<string, Found<T>>;
  readonly #rate = new ArrivalRate();
  readonly #counts = { asked: 0, queries: 0, ids: 0, shared: 0, failed: 0, refused: 0, expired: 0 };
  #lastStart = -Infinity;
  #cancelStart: (() => void) | undefined;

  constructor(options: MergerOptions<T>) {
    this.#options = options;
    this.#recent = new LRUCache({ max: options.limits.recentMax });
  }

  get stats(): MergerStats {
    return { ...this.#counts };
  }

  /**
   * @param maxAgeMs How long ago the query may have begun; 0: not before now.
   * @param until When the caller gives up, monotonic.
   * @throws {BarrageError} `overloaded` when too much waits, `unavailable` when the query failed, `expired` when it did
   * not begin in time.
   */
  get(id: string, maxAgeMs: number, until: number): Promise<Found<T>> {
    const { clock, limits } = this.#options;
    const now = clock.monotonic();
    this.#counts.asked++;
    this.#rate.count(now);
    const shared = maxAgeMs > 0 ? this.#shared(id, now - maxAgeMs, now) : undefined;
    if (shared !== undefined) {
      this.#counts.shared++;
      return shared;
    }
    const waits = this.#waiting.get(id);
    if (waits !== undefined) {
      this.#counts.shared++;
      waits.until = Math.max(waits.until, until);
      return waits.answer;
    }
    if (this.#waiting.size >= limits.waitingMax) {
      this.#counts.refused++;
      return Promise.reject(
        new BarrageError("overloaded", "Cannot look it up: too much is waiting", { retryAfterMs: 1_000 }),
      );
    }
    const { promise, resolve, reject } = Promise.withResolvers<Found<T>>();
    this.#waiting.set(id, { id, answer: promise, resolve, reject, until });
    this.#startNext();
    return promise;
  }

  /** The id has changed: what was read before is not given to anybody else. */
  forget(id: string): void {
    this.#recent.delete(id);
  }

  #shared(id: string, since: number, now: number): Promise<Found<T>> | undefined {
    const recent = this.#recent.get(id);
    if (recent !== undefined && recent.readAt >= Math.max(since, now - this.#options.limits.recentMs)) {
      return Promise.resolve(recent);
    }
    for (const query of this.#running) {
      if (query.startedAt < since) continue;
      const wish = query.wishes.get(id);
      if (wish !== undefined) return wish.answer;
    }
    return undefined;
  }

  #startNext(): void {
    if (this.#waiting.size === 0 || !this.#mayStart()) return;
    const { clock } = this.#options;
    const wait = this.#windowLeft(clock.monotonic());
    if (wait <= 0) {
      this.#cancelStart?.();
      this.#cancelStart = undefined;
      return this.#start();
    }
    if (this.#cancelStart !== undefined) return;
    this.#cancelStart = clock.after(wait, () => {
      this.#cancelStart = undefined;
      if (this.#waiting.size > 0 && this.#mayStart()) this.#start();
    });
  }

  #mayStart(): boolean {
    if (this.#running.size >= this.#options.limits.parallel) return false;
    for (const query of this.#running) if (!query.slow) return false;
    return true;
  }

  #windowLeft(now: number): number {
    const { windowMs, abovePerSecond, idsMax } = this.#options.limits;
    if (windowMs === 0 || this.#waiting.size >= idsMax) return 0;
    if (this.#rate.perSecond(now) <= abovePerSecond) return 0;
    return this.#lastStart + windowMs - now;
  }

  #start(): void {
    const { clock, limits } = this.#options;
    const now = clock.monotonic();
    const wishes = new Map<string, Wish<T>>();
    for (const [id, wish] of this.#waiting) {
      if (wishes.size >= limits.idsMax) break;
      this.#waiting.delete(id);
      if (wish.until > now) {
        wishes.set(id, wish);
        continue;
      }
      this.#counts.expired++;
      wish.reject(new BarrageError("expired"));
    }
    if (wishes.size === 0) return this.#startNext();
    const query: Query<T> = { startedAt: now, wishes, slow: false, cancelSlow: () => {} };
    this.#lastStart = now;
    this.#running.add(query);
    query.cancelSlow = clock.after(limits.slowMs, () => {
      query.slow = true;
      this.#startNext();
    });
    this.#ask([...wishes.values()]).finally(() => {
      query.cancelSlow();
      this.#running.delete(query);
      this.#startNext();
    });
  }

  /** Never rejects. When a query fails that many share, halving finds whose fault it is. */
  async #ask(wishes: readonly Wish<T>[]): Promise<void> {
    const { read, clock } = this.#options;
    const readAt = clock.monotonic();
    this.#counts.queries++;
    this.#counts.ids += wishes.length;
    try {
      const values = await read(wishes.map(({ id }) => id));
      const costMs = clock.monotonic() - readAt;
      for (const { id, resolve } of wishes) {
        const found = { value: values.get(id), readAt, costMs };
        this.#recent.set(id, found);
        resolve(found);
      }
    } catch (error) {
      // The store is away: asking in parts would only take longer to say so.
      if (wishes.length === 1 || error instanceof BarrageError) return this.#fail(wishes, error);
      const middle = wishes.length >> 1;
      await this.#ask(wishes.slice(0, middle));
      await this.#ask(wishes.slice(middle));
    }
  }

  #fail(wishes: readonly Wish<T>[], cause: unknown): void {
    this.#counts.failed += wishes.length;
    const error = new BarrageError("unavailable", "Cannot look it up right now", { cause });
    for (const { reject } of wishes) reject(error);
  }
}
