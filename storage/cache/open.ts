import type { Cache } from "./cache.ts";
import { MemoryCache } from "./memory.ts";
import { RedisCache } from "./redis.ts";

/** The cache shared by nodes at `url`, or this node's own. `now`: milliseconds, monotonic. */
export async function openCache(url: string | undefined, now: () => number): Promise<Cache> {
  return url === undefined ? new MemoryCache(now) : await RedisCache.open(url, now);
}
