import type { SwitchName } from "protocol/switches.ts";

/** What a node turns on by itself, one after the other: what costs people least comes first. It never ends writing. */
export const RUNGS = [
  "serve-stale",
  "shed-guests",
  "shed-anonymous",
  "shed-low",
] as const satisfies readonly SwitchName[];

/** Below this part of its threshold a signal is calm. Between the two everything stays as it is. */
const CALM = 0.5;

export interface LadderLimits {
  /** For so long it must have been too much before another rung is taken. */
  readonly riseMs: number;
  /** For so long it must have been calm before the last one is given up. */
  readonly fallMs: number;
}

/** Turns a load that swings into switches that do not: a rung is on for `fallMs` at least, and off for `riseMs`. */
export class LoadLadder {
  readonly #limits: LadderLimits;
  #height = 0;
  #highMs = 0;
  #calmMs = 0;

  constructor(limits: LadderLimits) {
    this.#limits = limits;
  }

  get rungs(): readonly SwitchName[] {
    return RUNGS.slice(0, this.#height);
  }

  /**
   * @param pressure The load as a part of what is too much.
   * @param passedMs Since the look before.
   */
  step(pressure: number, passedMs: number): void {
    this.#highMs = pressure >= 1 ? this.#highMs + passedMs : 0;
    this.#calmMs = pressure < CALM ? this.#calmMs + passedMs : 0;
    if (this.#highMs >= this.#limits.riseMs && this.#height < RUNGS.length) this.#move(1);
    else if (this.#calmMs >= this.#limits.fallMs && this.#height > 0) this.#move(-1);
  }

  #move(by: 1 | -1): void {
    this.#height += by;
    this.#highMs = 0;
    this.#calmMs = 0;
  }
}
