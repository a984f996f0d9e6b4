import { monotonicFactory } from "@std/ulid";
import type { Clock } from "./clock.ts";

/** ULIDs that grow even within one millisecond and when the clock is set back. */
export class Ids {
  readonly #next: (time: number) => string;
  readonly #clock: Clock;

  constructor(clock: Clock, random: () => number) {
    this.#clock = clock;
    this.#next = monotonicFactory(random);
  }

  next(): string {
    return this.#next(this.#clock.now());
  }
}
