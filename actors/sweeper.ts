import { getLogger } from "@logtape/logtape";
import type { Clock } from "actors/runtime/clock.ts";

const log = getLogger(["barrage", "sweeper"]);

const BATCH = 500;
/** Of one kind in one round; what is left waits for the next. */
const BATCHES_MAX = 20;
/** The clocks of nodes differ: what is over by the one may not be by the other. */
const MARGIN_MS = 600_000;
/** Rounds are this much longer or shorter, so that nodes started together do not stay together. */
const JITTER = 0.2;

/** Rows that nobody needs any more. */
export interface Sweep {
  readonly what: string;
  /** Removes at most `limit` of those that were over by `now`, milliseconds since 1970; how many there were. */
  readonly remove: (now: number, limit: number) => Promise<number>;
}

export interface SweeperOptions {
  readonly sweeps: readonly Sweep[];
  readonly clock: Clock;
  /** Uniform in [0, 1). */
  readonly random: () => number;
  readonly everyMs: number;
}

/** Removes from time to time what is over. Every node does it: two at once take different rows. */
export class Sweeper implements AsyncDisposable {
  readonly #options: SweeperOptions;
  #cancel: () => void;
  #round: Promise<void> = Promise.resolve();
  #stopped = false;

  constructor(options: SweeperOptions) {
    this.#options = options;
    this.#cancel = this.#plan(options.everyMs * options.random());
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#round;
  }

  #plan(ms: number): () => void {
    return this.#options.clock.after(Math.round(ms), () => {
      this.#round = this.#sweepAll().then(() => {
        const { everyMs, random } = this.#options;
        if (!this.#stopped) this.#cancel = this.#plan(everyMs * (1 - JITTER + 2 * JITTER * random()));
      });
    });
  }

  async #sweepAll(): Promise<void> {
    for (const sweep of this.#options.sweeps) {
      try {
        await this.#sweep(sweep);
      } catch (error) {
        log.warn("Cannot remove old {what}, which is tried again: {error}", { what: sweep.what, error });
      }
    }
  }

  async #sweep({ what, remove }: Sweep): Promise<void> {
    const { clock } = this.#options;
    const now = clock.now() - MARGIN_MS;
    let removed = 0;
    for (let n = 0; n < BATCHES_MAX && !this.#stopped; n++) {
      const count = await remove(now, BATCH);
      removed += count;
      if (count < BATCH) break;
      // An embedded database removes on this thread.
      await clock.yield();
    }
    if (removed > 0) log.info("Removed {removed} old {what}", { removed, what });
  }
}
