import type { RoomSettings } from "protocol/rooms.ts";
import { TokenBucket } from "../token_bucket.ts";

/** The say rate of each user in one room. Bounded: full buckets are forgotten first, then the oldest. */
export class Speakers {
  readonly #buckets = new Map<string, TokenBucket>();

  constructor(readonly max: number) {}

  /** 0 when the user may speak now, else milliseconds to wait. */
  take(user: string, settings: RoomSettings, now: number): number {
    let bucket = this.#buckets.get(user);
    if (
      bucket === undefined || bucket.burst !== settings.sayBurst || bucket.perSecond !== settings.sayPerSecond
    ) {
      if (this.#buckets.size >= this.max) this.#makeRoom(now);
      bucket = new TokenBucket(settings.sayBurst, settings.sayPerSecond, now);
      this.#buckets.set(user, bucket);
    }
    return bucket.take(now);
  }

  // A tenth at once, so that a crowd does not cost a search for each of its members.
  #makeRoom(now: number): void {
    for (const [user, bucket] of this.#buckets) if (bucket.full(now)) this.#buckets.delete(user);
    for (const user of this.#buckets.keys()) {
      if (this.#buckets.size <= this.max * 0.9) return;
      this.#buckets.delete(user);
    }
  }
}
