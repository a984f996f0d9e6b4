import { type Cache, type CacheState, type CacheStats, type Rate, VALUE_MAX_LENGTH } from "./cache.ts";
import { MemoryCache } from "./memory.ts";
import type { RedisConnection } from "./redis_connection.ts";
import { RedisLink } from "./redis_link.ts";
import { RedisVersionedCache } from "./redis_versioned.ts";

/** Shared by all nodes of one server; this node's memory stands in while the server does not answer. */
export class RedisCache implements Cache {
  readonly #link: RedisLink;
  readonly #memory: MemoryCache;
  readonly versioned: RedisVersionedCache;
  #hits = 0;
  #misses = 0;
  #fallbacks = 0;

  private constructor(link: RedisLink, memory: MemoryCache, now: () => number) {
    this.#link = link;
    this.#memory = memory;
    this.versioned = new RedisVersionedCache(link, now);
  }

  /**
   * Resolves whether or not the server could be reached. `now`: milliseconds, monotonic.
   * @throws {TypeError} when the URL makes no sense.
   */
  static async open(url: string, now: () => number): Promise<RedisCache> {
    return new RedisCache(await RedisLink.start(url, now), new MemoryCache(now), now);
  }

  get state(): CacheState {
    return this.#link.connected ? "connected" : "degraded";
  }

  get stats(): CacheStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      errors: this.#link.errors,
      fallbacks: this.#fallbacks,
    };
  }

  async get(key: string): Promise<string | undefined> {
    const value = await this.#run(
      async ({ client }) => await client.get(valueKey(key)) ?? undefined,
      () => this.#memory.get(key),
    );
    if (value === undefined) this.#misses++;
    else this.#hits++;
    return value;
  }

  async set(key: string, value: string, ttlMs: number): Promise<void> {
    if (value.length > VALUE_MAX_LENGTH) return await this.delete(key);
    await this.#run(
      (connection) => connection.put(valueKey(key), value, ttlMs),
      () => this.#memory.set(key, value, ttlMs),
    );
  }

  async delete(key: string): Promise<void> {
    // Also where it was put while the server was away.
    await this.#memory.delete(key);
    await this.#run(async ({ client }) => void await client.del(valueKey(key)), () => Promise.resolve());
  }

  async take(key: string, rate: Rate): Promise<number> {
    const micros = Math.ceil(1_000_000 / rate.perSecond);
    const shared = await this.#link.run(({ client }) =>
      client.take(`barrage:rate:${key}`, micros, rate.burst)
    );
    if (shared !== undefined && shared.answer > 0) return shared.answer;
    // What the server gave is taken from this node's bucket as well: should the server go, nobody begins anew.
    const wait = await this.#memory.take(key, rate);
    if (shared !== undefined) return 0;
    this.#fallbacks++;
    return wait;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]();
    await this.#memory[Symbol.asyncDispose]();
  }

  async #run<T>(
    command: (connection: RedisConnection) => Promise<T>,
    otherwise: () => Promise<T>,
  ): Promise<T> {
    const done = await this.#link.run(command);
    if (done !== undefined) return done.answer;
    this.#fallbacks++;
    return await otherwise();
  }
}

function valueKey(key: string): string {
  return `barrage:value:${key}`;
}
