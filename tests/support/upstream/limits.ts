import { z } from "zod";

export const Limits = z.strictObject({
  startsPerSecond: z.int().positive(),
  inFlight: z.int().positive(),
});
export type Limits = z.infer<typeof Limits>;

/** What was counted; sums over uses where several are meant. */
export interface Counts {
  calls: number;
  /** Calls that were over a limit and refused for it: the pool's failures. */
  overRate: number;
  overConcurrency: number;
  inFlight: number;
  maxInFlight: number;
  /** Most starts in any window of one second. */
  maxStarts: number;
  completed: number;
  /** Calls whose client left before the end. */
  abandoned: number;
  faults: number;
  promptTokens: number;
  completionTokens: number;
  /** Milliseconds that calls were in flight, each counted for itself. */
  busyMs: number;
}

export function noCounts(): Counts {
  return {
    ...{ calls: 0, overRate: 0, overConcurrency: 0, inFlight: 0, maxInFlight: 0, maxStarts: 0 },
    ...{ completed: 0, abandoned: 0, faults: 0, promptTokens: 0, completionTokens: 0, busyMs: 0 },
  };
}

const WINDOW_MS = 1_000;

/** The true limits of one credential for one feature and model, and what was seen of them. */
export class Meter {
  readonly #counts: Counts = noCounts();
  readonly #limits: Limits;
  readonly #now: () => number;
  #busySince = 0;
  /** Of calls that were let in, the oldest first. */
  #starts: number[] = [];

  constructor(limits: Limits, now: () => number) {
    this.#limits = limits;
    this.#now = now;
  }

  /** Up to now. */
  get counts(): Counts {
    const now = this.#now();
    this.#counts.busyMs += this.#counts.inFlight * (now - this.#busySince);
    this.#busySince = now;
    return this.#counts;
  }

  /** Counts a call. What is over a limit is refused and holds nothing. */
  admit(): "rate" | "concurrency" | "admitted" {
    const now = this.#now();
    const { counts } = this;
    counts.calls++;
    this.#starts = this.#starts.filter((at) => at > now - WINDOW_MS);
    if (counts.inFlight >= this.#limits.inFlight) {
      counts.overConcurrency++;
      return "concurrency";
    }
    if (this.#starts.length >= this.#limits.startsPerSecond) {
      counts.overRate++;
      return "rate";
    }
    this.#starts.push(now);
    counts.inFlight++;
    counts.maxInFlight = Math.max(counts.maxInFlight, counts.inFlight);
    counts.maxStarts = Math.max(counts.maxStarts, this.#starts.length);
    return "admitted";
  }

  /** The body has ended, or the client has left. */
  leave(how: "completed" | "abandoned" | "faults"): void {
    this.counts.inFlight--;
    this.counts[how]++;
  }
}
