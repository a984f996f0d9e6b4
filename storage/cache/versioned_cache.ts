/** What the store had, and when. */
export interface Entry {
  /** 0 when the store never had it. */
  readonly version: number;
  /** Undefined when there is none. */
  readonly value: string | undefined;
  /** Milliseconds since the store was read, or a little more: never less. */
  readonly ageMs: number;
  /** What reading the store took. */
  readonly costMs: number;
}

export interface VersionedCacheStats {
  readonly hits: number;
  readonly misses: number;
  /** Entries not taken in for being older than what is known. */
  readonly outdated: number;
  /** Calls that the cache failed. */
  readonly errors: number;
}

/**
 * Entries that are never replaced by older ones. An entry, or an invalidation, is a floor for its key: for FLOOR_MS at
 * least nothing of an older version comes in, so a fill that was on its way while the thing changed does no harm. What
 * is lost with the cache, floors included, makes nothing wrong for longer than an entry may be used: its age comes along.
 */
export interface VersionedCache {
  readonly stats: VersionedCacheStats;
  /** Undefined when there is none, it is older than `maxAgeMs`, or the cache is away. Never rejects. */
  get(key: string, maxAgeMs: number): Promise<Entry | undefined>;
  /** Takes it in unless it has a newer version, or the same read later. Never rejects. */
  put(key: string, entry: Entry, maxAgeMs: number): Promise<void>;
  /** Drops what is older than `version` and keeps it out. False when the cache is away and may still have it. */
  invalidate(key: string, version: number): Promise<boolean>;
}

export interface KeptEntry extends Entry {
  /** Since it was put here. */
  readonly keptMs: number;
}

/** The same within one process, without waiting. */
export interface FirstLevel {
  readonly stats: VersionedCacheStats;
  readonly size: number;
  get(key: string, maxAgeMs: number): KeptEntry | undefined;
  put(key: string, entry: Entry): void;
  invalidate(key: string, version: number): void;
  /** Forgets every entry; what is not heard of may have changed. */
  clear(): void;
}

/** Longer than any fill is on its way: a call's deadline, a query's time limit and a command to the cache. */
export const FLOOR_MS = 120_000;
