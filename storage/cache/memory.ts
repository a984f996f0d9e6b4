import { LRUCache } from "lru-cache";
import { VersionedMemory, VersionedMemoryCache } from "./versioned_memory.ts";
import { type Cache, type CacheStats, type Rate, VALUE_MAX_LENGTH } from "./cache.ts";

const BUCKETS_MAX = 100_000;
const VALUES_MAX = 10_000;
const VALUES_MAX_LENGTH = 16_777_216;

interface Value {
  readonly text: string;
  readonly until: number;
}

/** The cache of a node on its own; what was not used for longest makes room. `now`: milliseconds, monotonic. */
export class MemoryCache implements Cache {
  readonly state = "memory";
  readonly versioned: VersionedMemoryCache;
  readonly #now: () => number;
  readonly #values = new LRUCache<string, Value>({
    max: VALUES_MAX,
    maxSize: VALUES_MAX_LENGTH,
    sizeCalculation: ({ text }, key) => text.length + key.length,
  });
  /** When the bucket will be full again, as in the generic cell rate algorithm (ITU-T I.371). */
  readonly #fullAt = new LRUCache<string, number>({ max: BUCKETS_MAX });
  #hits = 0;
  #misses = 0;

  constructor(now: () => number) {
    this.#now = now;
    this.versioned = new VersionedMemoryCache(
      new VersionedMemory(now, { entriesMax: VALUES_MAX, lengthMax: VALUES_MAX_LENGTH }),
    );
  }

  get stats(): CacheStats {
    return { hits: this.#hits, misses: this.#misses, errors: 0, fallbacks: 0 };
  }

  get(key: string): Promise<string | undefined> {
    const value = this.#values.get(key);
    if (value !== undefined && value.until > this.#now()) {
      this.#hits++;
      return Promise.resolve(value.text);
    }
    this.#values.delete(key);
    this.#misses++;
    return Promise.resolve(undefined);
  }

  set(key: string, value: string, ttlMs: number): Promise<void> {
    if (value.length > VALUE_MAX_LENGTH) this.#values.delete(key);
    else this.#values.set(key, { text: value, until: this.#now() + ttlMs });
    return Promise.resolve();
  }

  delete(key: string): Promise<void> {
    this.#values.delete(key);
    return Promise.resolve();
  }

  take(key: string, { burst, perSecond }: Rate): Promise<number> {
    const now = this.#now();
    const interval = 1_000 / perSecond;
    const fullAt = Math.max(this.#fullAt.get(key) ?? now, now) + interval;
    const wait = fullAt - burst * interval - now;
    // Less than a microsecond is what adding up fractions leaves, and no wait.
    if (wait > 0.001) return Promise.resolve(Math.ceil(wait));
    this.#fullAt.set(key, fullAt);
    return Promise.resolve(0);
  }

  [Symbol.asyncDispose](): Promise<void> {
    this.#values.clear();
    this.#fullAt.clear();
    return Promise.resolve();
  }
}
