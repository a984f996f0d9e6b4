import { BarrageError } from "protocol/errors.ts";
import type { Cache } from "storage/cache/cache.ts";
import { AddressLimiter } from "./address_limiter.ts";
import { digest } from "./refresh_tokens.ts";

export interface CodeLimitsOptions {
  readonly cache: Pick<Cache, "take">;
  /** Per network address and minute: codes asked for, and codes tried. */
  readonly perMinute: number;
  readonly triesPerMinute: number;
  /** Per whatever they are for, and hour. */
  readonly perHour: number;
}

/** Bounds the codes that are sent and tried: nobody's mailbox is flooded from here, and nobody's code guessed. */
export class CodeLimits {
  readonly #options: CodeLimitsOptions;
  readonly #asked: AddressLimiter;
  readonly #tried: AddressLimiter;

  constructor(options: CodeLimitsOptions) {
    this.#options = options;
    this.#asked = new AddressLimiter(options.cache, "codes", options.perMinute);
    this.#tried = new AddressLimiter(options.cache, "code_tries", options.triesPerMinute);
  }

  /**
   * @param address Who asks.
   * @param targets The login, the account, the contact that it is for.
   * @throws {BarrageError} `rate_limited`.
   */
  async ask(address: string, ...targets: readonly string[]): Promise<void> {
    await this.#asked.take(address);
    const { cache, perHour } = this.#options;
    const rate = { burst: perHour, perSecond: perHour / 3_600 };
    for (const target of targets) {
      const retryAfterMs = await cache.take(`codes_for:${digest(target)}`, rate);
      if (retryAfterMs > 0) {
        throw new BarrageError("rate_limited", "Too many codes were sent", { retryAfterMs });
      }
    }
  }

  /** @throws {BarrageError} `rate_limited`. */
  try(address: string): Promise<void> {
    return this.#tried.take(address);
  }
}
