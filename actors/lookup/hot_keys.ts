/** A key that many read, and how often of late. */
export interface HotKey {
  readonly key: string;
  /** Reads a second; at most `error` too many. */
  readonly perSecond: number;
  readonly error: number;
}

export interface HotLimits {
  /** Keys watched at a time. Every key read more often than one in so many reads is among them. */
  readonly keysMax: number;
  readonly windowMs: number;
  /** Reads a second that make a key hot. */
  readonly perSecond: number;
}

export const DEFAULT_HOT_LIMITS: HotLimits = { keysMax: 512, windowMs: 10_000, perSecond: 50 };

interface Counter {
  count: number;
  /** What whoever had the place before had counted: so much may be too much. */
  error: number;
}

/**
 * Which keys are read most, in little memory: Space-Saving (Metwally, Agrawal, El Abbadi 2005) over the window that runs,
 * and what the one before it came to. `now`: milliseconds, monotonic.
 */
export class HotKeys {
  readonly #now: () => number;
  readonly #limits: HotLimits;
  #counters = new Map<string, Counter>();
  #before = new Map<string, Counter>();
  #startedAt: number;
  /** No counter is below this; raised while looking for the least one, so that looking is rare. */
  #least = 0;

  constructor(now: () => number, limits: HotLimits) {
    this.#now = now;
    this.#limits = limits;
    this.#startedAt = now();
  }

  count(key: string): void {
    this.#turn();
    const counter = this.#counters.get(key);
    if (counter !== undefined) {
      counter.count++;
      return;
    }
    if (this.#counters.size < this.#limits.keysMax) {
      this.#counters.set(key, { count: 1, error: 0 });
      return;
    }
    const [least, { count }] = this.#leastOne();
    this.#counters.delete(least);
    this.#counters.set(key, { count: count + 1, error: count });
  }

  isHot(key: string): boolean {
    this.#turn();
    const { perSecond, windowMs } = this.#limits;
    const needed = perSecond * windowMs / 1_000;
    return sure(this.#counters.get(key)) >= needed || sure(this.#before.get(key)) >= needed;
  }

  /** The hottest first, by the last whole window or the one that runs, whichever is more. */
  top(limit: number): HotKey[] {
    this.#turn();
    const { windowMs } = this.#limits;
    const rate = (count: number) => count * 1_000 / windowMs;
    const keys = new Map<string, HotKey>();
    for (const counters of [this.#before, this.#counters]) {
      for (const [key, { count, error }] of counters) {
        const known = keys.get(key);
        if (known !== undefined && known.perSecond >= rate(count)) continue;
        keys.set(key, { key, perSecond: rate(count), error: rate(error) });
      }
    }
    return [...keys.values()].sort((a, b) => b.perSecond - a.perSecond).slice(0, limit);
  }

  #turn(): void {
    const { windowMs } = this.#limits;
    const passed = this.#now() - this.#startedAt;
    if (passed < windowMs) return;
    this.#before = passed < 2 * windowMs ? this.#counters : new Map();
    this.#counters = new Map();
    this.#least = 0;
    this.#startedAt += Math.floor(passed / windowMs) * windowMs;
  }

  /** New keys go to the end, so the first with the least count is found soon. */
  #leastOne(): [string, Counter] {
    for (;;) {
      let next = Infinity;
      for (const entry of this.#counters) {
        if (entry[1].count <= this.#least) return entry;
        next = Math.min(next, entry[1].count);
      }
      this.#least = next;
    }
  }
}

/** What several nodes have counted, as one list. */
export function mergeHot(lists: readonly (readonly HotKey[])[], limit: number): HotKey[] {
  const keys = new Map<string, HotKey>();
  for (const { key, perSecond, error } of lists.flat()) {
    const known = keys.get(key);
    keys.set(key, {
      key,
      perSecond: perSecond + (known?.perSecond ?? 0),
      error: error + (known?.error ?? 0),
    });
  }
  return [...keys.values()].sort((a, b) => b.perSecond - a.perSecond).slice(0, limit);
}

function sure(counter: Counter | undefined): number {
  return counter === undefined ? 0 : counter.count - counter.error;
}
