import type { VersionedCache } from "./versioned_cache.ts";

/** So many at once, then so many a second. */
export interface Rate {
  readonly burst: number;
  readonly perSecond: number;
}

/** `degraded`: the shared cache does not answer, and this node goes by its own memory until it does. */
export type CacheState = "memory" | "connected" | "degraded";

export interface CacheStats {
  readonly hits: number;
  readonly misses: number;
  /** Calls that the shared cache failed, by an error or by answering too late. */
  readonly errors: number;
  /** Calls answered from this node's memory instead of the shared cache. */
  readonly fallbacks: number;
}

/**
 * What may be lost at any moment. No method rejects because the cache is gone: values are then missing, and limits count
 * per node. A value may be seen until its time is over, even after a `delete`: nothing may be kept here that would be
 * wrong by then.
 */
export interface Cache extends AsyncDisposable {
  readonly state: CacheState;
  readonly stats: CacheStats;
  /** For what has versions. */
  readonly versioned: VersionedCache;
  get(key: string): Promise<string | undefined>;
  /** Keeps `value` for at most `ttlMs`, 1 or more; not at all over VALUE_MAX_LENGTH. */
  set(key: string, value: string, ttlMs: number): Promise<void>;
  delete(key: string): Promise<void>;
  /** Takes a token from the bucket `key`: 0 when it was there, else milliseconds until the next one is. */
  take(key: string, rate: Rate): Promise<number>;
}

/** UTF-16 code units. */
export const VALUE_MAX_LENGTH = 262_144;
