const SLICE_MS = 100;

/** How many came a second, of late: the greater of this tenth of a second, so far, and the one before. */
export class ArrivalRate {
  #slice = -Infinity;
  #count = 0;
  #before = 0;

  /** @param now Milliseconds, monotonic. */
  count(now: number): void {
    this.#turn(now);
    this.#count++;
  }

  perSecond(now: number): number {
    this.#turn(now);
    return Math.max(this.#count, this.#before) * 1_000 / SLICE_MS;
  }

  #turn(now: number): void {
    const slice = Math.floor(now / SLICE_MS);
    if (slice === this.#slice) return;
    this.#before = slice === this.#slice + 1 ? this.#count : 0;
    this.#count = 0;
    this.#slice = slice;
  }
}
