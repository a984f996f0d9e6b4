import { BarrageError } from "protocol/errors.ts";
import type { Cache } from "storage/cache/cache.ts";

/** So many of one thing per address and minute, over all nodes that share the cache. */
export class AddressLimiter {
  readonly #cache: Pick<Cache, "take">;
  readonly #thing: string;
  readonly #perMinute: number;

  constructor(cache: Pick<Cache, "take">, thing: string, perMinute: number) {
    this.#cache = cache;
    this.#thing = thing;
    this.#perMinute = perMinute;
  }

  /** @throws {BarrageError} `rate_limited`. */
  async take(address: string): Promise<void> {
    const rate = { burst: this.#perMinute, perSecond: this.#perMinute / 60 };
    const retryAfterMs = await this.#cache.take(`${this.#thing}:${address}`, rate);
    if (retryAfterMs > 0) {
      throw new BarrageError("rate_limited", "Too many from this address", { retryAfterMs });
    }
  }
}
