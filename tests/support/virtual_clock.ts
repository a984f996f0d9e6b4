import { setImmediate } from "node:timers";
import type { Clock } from "actors/runtime/clock.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly callback: () => void;
}

/**
 * A clock that stands still until told to move. Timers fire in the order of their times; between two of them every
 * promise chain runs to its end.
 */
export class VirtualClock implements Clock {
  /** Added to wall-clock readings only: set it to move the machine's clock under the program. */
  skew = 0;
  #elapsed = 0;
  #orders = 0;
  readonly #start: number;
  readonly #timers = new Set<Timer>();

  constructor(start = Date.UTC(2026, 0, 1)) {
    this.#start = start;
  }

  now(): number {
    return this.#start + this.#elapsed + this.skew;
  }

  monotonic(): number {
    return this.#elapsed;
  }

  after(ms: number, callback: () => void): () => void {
    const timer = { at: this.#elapsed + Math.max(0, ms), order: this.#orders++, callback };
    this.#timers.add(timer);
    return () => this.#timers.delete(timer);
  }

  yield(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  get pending(): number {
    return this.#timers.size;
  }

  async advance(ms: number): Promise<void> {
    await this.settle();
    const target = this.#elapsed + ms;
    for (;;) {
      const next = this.#earliest();
      if (next === undefined || next.at > target) break;
      this.#timers.delete(next);
      this.#elapsed = Math.max(this.#elapsed, next.at);
      next.callback();
      await this.settle();
    }
    this.#elapsed = target;
    await this.settle();
  }

  /** Time passes while the process stands still, as under SIGSTOP: timers that became due fire only afterwards. */
  pause(ms: number): void {
    this.#elapsed += ms;
  }

  /** Nothing in the tests takes more hops between macrotasks than this. */
  async settle(): Promise<void> {
    for (let hop = 0; hop < 8; hop++) await new Promise((resolve) => setImmediate(resolve));
  }

  #earliest(): Timer | undefined {
    let earliest: Timer | undefined;
    for (const timer of this.#timers) {
      if (
        earliest === undefined || timer.at < earliest.at ||
        (timer.at === earliest.at && timer.order < earliest.order)
      ) {
        earliest = timer;
      }
    }
    return earliest;
  }
}
