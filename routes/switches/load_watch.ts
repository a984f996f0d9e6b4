import type { Clock } from "actors/runtime/clock.ts";
import { type LadderLimits, LoadLadder } from "./load_ladder.ts";
import type { Switchboard } from "./switchboard.ts";

/** How often the load is looked at. */
export const LOOK_MS = 250;
/** A process that stood still, or a machine that slept, was not busy for all that time. */
const PASSED_MAX_MS = 1_000;

export const SIGNALS = ["lag", "commits", "send_queues"] as const;
export type Signal = typeof SIGNALS[number];

export interface LoadLimits extends LadderLimits {
  /** How late a timer may be, in milliseconds. This and those that follow: 0 for not looked at. */
  readonly lagMs: number;
  /** Writes that may wait to be committed. */
  readonly commitsWaiting: number;
  /** Bytes that may wait for slow readers, all of them together. */
  readonly sendQueueBytes: number;
}

export interface LoadWatchOptions {
  readonly clock: Clock;
  readonly limits: LoadLimits;
  readonly switches: Pick<Switchboard, "setLoad">;
  readonly commitsWaiting: () => number;
  readonly sendQueueBytes: () => number;
}

/** Looks at how much this node has to do, and turns switches on and off by it. */
export class LoadWatch implements Disposable {
  readonly #options: LoadWatchOptions;
  readonly #ladder: LoadLadder;
  readonly #pressures: Record<Signal, number> = { lag: 0, commits: 0, send_queues: 0 };
  #lookedAt: number;
  #cancel: () => void;

  constructor(options: LoadWatchOptions) {
    this.#options = options;
    this.#ladder = new LoadLadder(options.limits);
    this.#lookedAt = options.clock.monotonic();
    this.#cancel = this.#plan();
  }

  /** Each signal at the last look, as a part of what is too much. */
  get pressures(): Readonly<Record<Signal, number>> {
    return this.#pressures;
  }

  [Symbol.dispose](): void {
    this.#cancel();
  }

  #plan(): () => void {
    return this.#options.clock.after(LOOK_MS, () => {
      this.#look();
      this.#cancel = this.#plan();
    });
  }

  #look(): void {
    const { clock, limits, switches, commitsWaiting, sendQueueBytes } = this.#options;
    const now = clock.monotonic();
    const passedMs = now - this.#lookedAt;
    this.#lookedAt = now;
    this.#pressures.lag = part(passedMs - LOOK_MS, limits.lagMs);
    this.#pressures.commits = part(commitsWaiting(), limits.commitsWaiting);
    this.#pressures.send_queues = part(sendQueueBytes(), limits.sendQueueBytes);
    const before = this.#ladder.rungs.length;
    this.#ladder.step(Math.max(...Object.values(this.#pressures)), Math.min(passedMs, PASSED_MAX_MS));
    if (this.#ladder.rungs.length !== before) switches.setLoad(this.#ladder.rungs);
  }
}

function part(value: number, limit: number): number {
  return limit === 0 ? 0 : Math.max(0, value) / limit;
}
