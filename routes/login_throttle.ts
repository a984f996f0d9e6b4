import type { Cache, Rate } from "storage/cache/cache.ts";
import { networkOf } from "./client_address.ts";
import { digest } from "./refresh_tokens.ts";

/** So many at once, then one a minute. */
const SECONDS = 60;
/** So much of what is let through at once from everywhere comes back in a minute. */
const SHARE_A_MINUTE = 0.1;

export interface LoginThrottleOptions {
  readonly cache: Pick<Cache, "take">;
  /** Of one address, one known browser, or one account that gives its password again. */
  readonly attempts: number;
  /** From all addresses together. */
  readonly attemptsTotal: number;
}

/**
 * Bounds the guesses at one password, whether there is such an account or not. One address cannot use up what all have
 * together, and a browser that is known to the account does not depend on others at all: whoever guesses at a name keeps
 * its owner out where he has never been, and only with many addresses. Names leave this node as hashes only.
 */
export class LoginThrottle {
  readonly #cache: Pick<Cache, "take">;
  readonly #few: Rate;
  readonly #total: Rate;

  constructor({ cache, attempts, attemptsTotal }: LoginThrottleOptions) {
    this.#cache = cache;
    this.#few = { burst: attempts, perSecond: 1 / SECONDS };
    this.#total = { burst: attemptsTotal, perSecond: attemptsTotal * SHARE_A_MINUTE / SECONDS };
  }

  /** Milliseconds until one more guess from there is free; 0 when it is now. */
  async take(name: string, address: string): Promise<number> {
    const waitMs = await this.#cache.take(`login:${digest(`${name} ${networkOf(address)}`)}`, this.#few);
    return waitMs > 0 ? waitMs : await this.#cache.take(`login:${digest(name)}`, this.#total);
  }

  /** Likewise, of a browser that is known to the account. */
  takeKnown(browser: string): Promise<number> {
    return this.#cache.take(`login:${digest(`browser ${browser}`)}`, this.#few);
  }

  /** Likewise, of whoever is signed in to the account. */
  takeOwn(account: string): Promise<number> {
    return this.#cache.take(`login:${digest(`account ${account}`)}`, this.#few);
  }
}
