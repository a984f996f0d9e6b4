import { LRUCache } from "lru-cache";
import { BarrageError } from "protocol/errors.ts";
import type { Clock } from "actors/runtime/clock.ts";
import { TokenBucket } from "actors/token_bucket.ts";

const ADDRESSES_MAX = 50_000;

/** So many of one thing per address and minute; the addresses not seen for longest are forgotten. */
export class AddressLimiter {
  readonly #buckets = new LRUCache<string, TokenBucket>({ max: ADDRESSES_MAX });

  constructor(readonly perMinute: number, readonly clock: Clock) {}

  /** @throws {BarrageError} `rate_limited`. */
  take(address: string): void {
    const now = this.clock.monotonic();
    let bucket = this.#buckets.get(address);
    if (bucket === undefined) {
      bucket = new TokenBucket(this.perMinute, this.perMinute / 60, now);
      this.#buckets.set(address, bucket);
    }
    const retryAfterMs = bucket.take(now);
    if (retryAfterMs > 0) {
      throw new BarrageError("rate_limited", "Too many from this address", { retryAfterMs });
    }
  }
}
