import { LRUCache } from "lru-cache";
import { BarrageError } from "protocol/errors.ts";
import type { AddressLimiter } from "./address_limiter.ts";
import { KEY_PREFIX } from "./api_key_text.ts";

const ADDRESSES_MAX = 100_000;
const SHOWS_KEY = new RegExp(`^Bearer +${KEY_PREFIX}`, "i");

/** Turns away addresses that show bad API keys again and again, before the keys are looked at. */
export class KeyGuard {
  readonly #limiter: Pick<AddressLimiter, "take">;
  readonly #now: () => number;
  /** Until when, by address. */
  readonly #barred = new LRUCache<string, number>({ max: ADDRESSES_MAX });

  /** @param now Milliseconds, monotonic. */
  constructor(limiter: Pick<AddressLimiter, "take">, now: () => number) {
    this.#limiter = limiter;
    this.#now = now;
  }

  /**
   * Lets the request through to `answer` and watches how it ends.
   * @throws {BarrageError} `rate_limited`, for a good key too.
   */
  async pass(request: Request, address: string, answer: () => Promise<Response>): Promise<Response> {
    if (!SHOWS_KEY.test(request.headers.get("authorization") ?? "")) return await answer();
    const waitMs = (this.#barred.get(address) ?? 0) - this.#now();
    if (waitMs > 0) {
      throw new BarrageError("rate_limited", "Too many bad keys from this address", {
        retryAfterMs: Math.ceil(waitMs),
      });
    }
    const response = await answer();
    if (response.status === 401) await this.#count(address);
    return response;
  }

  async #count(address: string): Promise<void> {
    try {
      await this.#limiter.take(address);
    } catch (error) {
      if (!(error instanceof BarrageError) || error.reason !== "rate_limited") throw error;
      this.#barred.set(address, this.#now() + (error.details.retryAfterMs ?? 0));
    }
  }
}
