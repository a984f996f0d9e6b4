import type { Activation } from "./activation.ts";
import type { Clock } from "./clock.ts";

/** The actors with something to do; only these need sweeping, and a stop waits for them. */
export class BusySet {
  readonly #busy = new Set<Activation>();
  readonly #waiters: (() => void)[] = [];

  add(activation: Activation): void {
    this.#busy.add(activation);
  }

  delete(activation: Activation): void {
    this.#busy.delete(activation);
    if (this.#busy.size > 0) return;
    for (const resolve of this.#waiters.splice(0)) resolve();
  }

  sweep(now: number): void {
    for (const activation of this.#busy) activation.sweep(now);
  }

  /** Resolves when nobody has anything to do, or after `graceMs`. */
  untilEmpty(clock: Clock, graceMs: number): Promise<void> {
    if (this.#busy.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      const cancel = clock.after(graceMs, resolve);
      this.#waiters.push(() => {
        cancel();
        resolve();
      });
    });
  }
}
