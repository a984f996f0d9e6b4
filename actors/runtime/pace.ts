import type { Clock } from "./clock.ts";

const SLICE_MS = 5;
const LOOK_EVERY = 32;

/**
 * Turns follow each other as microtasks, and microtasks starve timers and sockets: even the lease would not be renewed.
 * After a slice of turns, counted over all actors of the node, whoever runs next lets the event loop go round once.
 */
export class Pace {
  readonly #clock: Clock;
  #turns = 0;
  /** When the event loop was last seen to go round, as far as we looked. */
  #sliceStart: number | undefined;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Call after every turn, and await what it returns. */
  turn(): Promise<void> | undefined {
    if (++this.#turns % LOOK_EVERY !== 0) return undefined;
    const now = this.#clock.monotonic();
    if (this.#sliceStart === undefined) {
      this.#sliceStart = now;
      this.#round();
      return undefined;
    }
    return now - this.#sliceStart < SLICE_MS ? undefined : this.#clock.yield();
  }

  async #round(): Promise<void> {
    await this.#clock.yield();
    this.#sliceStart = undefined;
  }
}
