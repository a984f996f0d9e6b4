import { BarrageError } from "protocol/errors.ts";
import type { Cache, Rate } from "storage/cache/cache.ts";
import { networkOf } from "./client_address.ts";

/** So many of one thing per address and minute, or another time, over all nodes that share the cache. */
export class AddressLimiter {
  readonly #cache: Pick<Cache, "take">;
  readonly #thing: string;
  readonly #rate: Rate;

  constructor(cache: Pick<Cache, "take">, thing: string, count: number, seconds = 60) {
    this.#cache = cache;
    this.#thing = thing;
    this.#rate = { burst: count, perSecond: count / seconds };
  }

  /** @throws {BarrageError} `rate_limited`. */
  async take(address: string): Promise<void> {
    const retryAfterMs = await this.#cache.take(`${this.#thing}:${networkOf(address)}`, this.#rate);
    if (retryAfterMs > 0) {
      throw new BarrageError("rate_limited", "Too many from this address", { retryAfterMs });
    }
  }
}
