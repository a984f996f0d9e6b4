import type { Cache } from "storage/cache/cache.ts";
import { digest } from "./refresh_tokens.ts";

/** Guesses per name: so many at once, then one a minute. */
const PER_SECOND = 1 / 60;

/** Bounds the guesses at one password, whoever makes them and whether there is such an account or not. */
export class LoginThrottle {
  readonly #cache: Pick<Cache, "take">;
  readonly #burst: number;

  constructor(cache: Pick<Cache, "take">, burst: number) {
    this.#cache = cache;
    this.#burst = burst;
  }

  /** Milliseconds until one more guess is free; 0 when it is now. `name` does not leave this node but as a hash. */
  take(name: string): Promise<number> {
    return this.#cache.take(`login:${digest(name)}`, { burst: this.#burst, perSecond: PER_SECOND });
  }
}
