import { TokenBucket } from "../token_bucket.ts";

/** How fast each sender may send. Bounded: full buckets are forgotten first, then the oldest. */
export class SendRates {
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(
    readonly limits: {
      readonly sendBurst: number;
      readonly sendPerSecond: number;
      readonly sendersMax: number;
    },
  ) {}

  /** 0 when the user may send now, else milliseconds to wait. `now` is monotonic. */
  take(user: string, now: number): number {
    let bucket = this.#buckets.get(user);
    if (bucket === undefined) {
      if (this.#buckets.size >= this.limits.sendersMax) this.#makeRoom(now);
      bucket = new TokenBucket(this.limits.sendBurst, this.limits.sendPerSecond, now);
      this.#buckets.set(user, bucket);
    }
    return bucket.take(now);
  }

  // A tenth at once, so that a crowd does not cost a search for each of its members.
  #makeRoom(now: number): void {
    for (const [user, bucket] of this.#buckets) if (bucket.full(now)) this.#buckets.delete(user);
    for (const user of this.#buckets.keys()) {
      if (this.#buckets.size <= this.limits.sendersMax * 0.9) return;
      this.#buckets.delete(user);
    }
  }
}
