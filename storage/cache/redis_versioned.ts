import type { StoredEntry } from "./redis_entry.ts";
import type { RedisLink } from "./redis_link.ts";
import { type Entry, FLOOR_MS, type VersionedCache, type VersionedCacheStats } from "./versioned_cache.ts";

/** While the server does not answer there is nothing, and nothing is taken in. */
export class RedisVersionedCache implements VersionedCache {
  readonly #link: RedisLink;
  readonly #now: () => number;
  readonly #counts = { hits: 0, misses: 0, outdated: 0, errors: 0 };

  /** @param now Milliseconds, monotonic. */
  constructor(link: RedisLink, now: () => number) {
    this.#link = link;
    this.#now = now;
  }

  get stats(): VersionedCacheStats {
    return { ...this.#counts };
  }

  async get(key: string, maxAgeMs: number): Promise<Entry | undefined> {
    const asked = this.#now();
    const done = await this.#link.run((connection) => connection.readEntry(entryKey(key)));
    if (done === undefined) this.#counts.errors++;
    const entry = done && toEntry(done.answer, this.#now() - asked);
    if (entry === undefined || entry.ageMs >= maxAgeMs) {
      this.#counts.misses++;
      return undefined;
    }
    this.#counts.hits++;
    return entry;
  }

  async put(key: string, entry: Entry, maxAgeMs: number): Promise<void> {
    const keepMs = Math.max(maxAgeMs, FLOOR_MS);
    const done = await this.#link.run((connection) => connection.putEntry(entryKey(key), entry, keepMs));
    if (done === undefined) this.#counts.errors++;
    else if (!done.answer) this.#counts.outdated++;
  }

  async invalidate(key: string, version: number): Promise<boolean> {
    const done = await this.#link.run(({ client }) => client.raiseFloor(entryKey(key), version, FLOOR_MS));
    if (done === undefined) this.#counts.errors++;
    return done !== undefined;
  }
}

/** Undefined for a mere floor, and for an age below zero: the server's clock was set back, and nobody knows the true one. */
function toEntry([now, version, readAt, costMs, value]: StoredEntry, underWayMs: number): Entry | undefined {
  if (version === null || readAt === null) return undefined;
  const ageMs = now - Number(readAt);
  if (ageMs < 0) return undefined;
  return {
    version: Number(version),
    value: value ?? undefined,
    ageMs: ageMs + underWayMs,
    costMs: Number(costMs ?? 0),
  };
}

function entryKey(key: string): string {
  return `barrage:entry:${key}`;
}
