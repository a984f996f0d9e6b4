import { LRUCache } from "lru-cache";
import {
  type Entry,
  type FirstLevel,
  FLOOR_MS,
  type KeptEntry,
  type VersionedCache,
  type VersionedCacheStats,
} from "./versioned_cache.ts";

export interface MemoryBounds {
  readonly entriesMax: number;
  /** UTF-16 units of keys and values. */
  readonly lengthMax: number;
}

interface Kept {
  readonly version: number;
  /** Undefined for a mere floor. */
  readonly entry:
    | { readonly value: string | undefined; readonly readAt: number; readonly costMs: number }
    | undefined;
  readonly keptAt: number;
}

/** Bounded; what was not used for longest makes room. `now`: milliseconds, monotonic. */
export class VersionedMemory implements FirstLevel {
  readonly #now: () => number;
  readonly #kept: LRUCache<string, Kept>;
  readonly #counts = { hits: 0, misses: 0, outdated: 0, errors: 0 };

  constructor(now: () => number, { entriesMax, lengthMax }: MemoryBounds) {
    this.#now = now;
    this.#kept = new LRUCache({
      max: entriesMax,
      maxSize: lengthMax,
      sizeCalculation: ({ entry }, key) => key.length + (entry?.value?.length ?? 0) + 1,
    });
  }

  get stats(): VersionedCacheStats {
    return { ...this.#counts };
  }

  get size(): number {
    return this.#kept.size;
  }

  get(key: string, maxAgeMs: number): KeptEntry | undefined {
    const kept = this.#kept.get(key);
    if (kept?.entry !== undefined) {
      const { value, readAt, costMs } = kept.entry;
      const ageMs = this.#now() - readAt;
      if (ageMs < maxAgeMs) {
        this.#counts.hits++;
        return { version: kept.version, value, ageMs, costMs, keptMs: this.#now() - kept.keptAt };
      }
    }
    this.#counts.misses++;
    return undefined;
  }

  put(key: string, { version, value, ageMs, costMs }: Entry): void {
    const now = this.#now();
    const kept = this.#known(key, now);
    const readAt = now - ageMs;
    if (kept !== undefined && kept.version > version) {
      this.#counts.outdated++;
      return;
    }
    const known = kept?.version === version ? kept.entry : undefined;
    if (known !== undefined && known.readAt > readAt) this.#counts.outdated++;
    // That it is read anew from elsewhere confirms it, even if what there is was read later.
    const entry = known !== undefined && known.readAt >= readAt ? known : { value, readAt, costMs };
    this.#kept.set(key, { version, entry, keptAt: now });
  }

  invalidate(key: string, version: number): void {
    const now = this.#now();
    const kept = this.#known(key, now);
    if (kept !== undefined && kept.version >= version) return;
    this.#kept.set(key, { version, entry: undefined, keptAt: now });
  }

  clear(): void {
    const now = this.#now();
    // The floors stay: a fill may be on its way.
    for (const [key, kept] of this.#kept.entries()) {
      if (kept.entry !== undefined) {
        this.#kept.set(key, { version: kept.version, entry: undefined, keptAt: now });
      }
    }
  }

  #known(key: string, now: number): Kept | undefined {
    const kept = this.#kept.get(key);
    return kept !== undefined && now - kept.keptAt <= FLOOR_MS ? kept : undefined;
  }
}

/** The shared cache of a node on its own. */
export class VersionedMemoryCache implements VersionedCache {
  readonly #memory: VersionedMemory;

  constructor(memory: VersionedMemory) {
    this.#memory = memory;
  }

  get stats(): VersionedCacheStats {
    return this.#memory.stats;
  }

  get(key: string, maxAgeMs: number): Promise<Entry | undefined> {
    return Promise.resolve(this.#memory.get(key, maxAgeMs));
  }

  put(key: string, entry: Entry): Promise<void> {
    this.#memory.put(key, entry);
    return Promise.resolve();
  }

  invalidate(key: string, version: number): Promise<boolean> {
    this.#memory.invalidate(key, version);
    return Promise.resolve(true);
  }
}
