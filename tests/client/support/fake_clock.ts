import type { Clock } from "client/mod.ts";

/** Lets everything that promises have set in motion run to its end. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Time that stands still until it is turned. */
export class FakeClock implements Clock {
  #now = 0;
  #timers = new Map<number, { at: number; callback: () => void }>();
  #nextId = 1;

  get pending(): number {
    return this.#timers.size;
  }

  now(): number {
    return this.#now;
  }

  set(callback: () => void, ms: number): number {
    this.#timers.set(this.#nextId, { at: this.#now + ms, callback });
    return this.#nextId++;
  }

  clear(handle: unknown): void {
    this.#timers.delete(handle as number);
  }

  /** Runs every timer that falls due, in order, and what follows from it. */
  async advance(ms: number): Promise<void> {
    await settle();
    const end = this.#now + ms;
    for (;;) {
      const due = [...this.#timers].filter(([, timer]) =>
        timer.at <= end
      ).sort(([, a], [, b]) => a.at - b.at)[0];
      if (!due) break;
      const [id, timer] = due;
      this.#timers.delete(id);
      this.#now = Math.max(this.#now, timer.at);
      timer.callback();
      await settle();
    }
    this.#now = end;
  }
}
