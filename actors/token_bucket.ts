/** A token short of this is whole: adding up fractions must not make a wait of so many milliseconds one too short. */
const ROUNDING = 1e-9;

/** Token bucket: `burst` at once, then `perSecond`. Holds two numbers, so that one per user is cheap. */
export class TokenBucket {
  #tokens: number;
  #at: number;

  constructor(readonly burst: number, readonly perSecond: number, now: number) {
    this.#tokens = burst;
    this.#at = now;
  }

  /** 0 when a token was taken, else milliseconds until the next one. `now` in milliseconds, monotonic. */
  take(now: number): number {
    this.#refill(now);
    if (this.#tokens >= 1 - ROUNDING) {
      this.#tokens = Math.max(0, this.#tokens - 1);
      return 0;
    }
    return Math.max(1, Math.ceil((1 - this.#tokens) / this.perSecond * 1_000));
  }

  /** A full bucket says nothing about its user and may be forgotten. */
  full(now: number): boolean {
    this.#refill(now);
    return this.#tokens >= this.burst;
  }

  #refill(now: number): void {
    if (now <= this.#at) return;
    this.#tokens = Math.min(this.burst, this.#tokens + (now - this.#at) / 1_000 * this.perSecond);
    this.#at = now;
  }
}
