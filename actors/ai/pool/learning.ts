export interface LearningLimits {
  readonly raiseAfter: number;
  readonly raiseAfterMs: number;
}

/** How many calls a credential really stands: what its operator says, unless the upstream has objected. */
export class Learned {
  #max: number;
  #limit: number;
  #changedAt: number;
  /** Since the limit changed, of calls that were lent while it was reached. */
  #successes = 0;

  constructor(max: number, limit: number, now: number) {
    this.#max = max;
    this.#limit = Math.max(1, Math.min(limit, max));
    this.#changedAt = now;
  }

  get limit(): number {
    return this.#limit;
  }

  get max(): number {
    return this.#max;
  }

  /** The operator has changed the limit: what was learned of the old one is worth nothing. */
  reset(max: number, now: number): void {
    this.#max = max;
    this.#set(max, now);
  }

  /**
   * The upstream refused a call as one too many. Calls that were lent before the limit went down object to the old one.
   * @returns Whether the limit is another one now.
   */
  refused(lentAt: number, now: number): boolean {
    if (this.#limit === 1 || (lentAt < this.#changedAt && this.#limit < this.#max)) return false;
    this.#set(this.#limit - 1, now);
    return true;
  }

  /** @returns Whether the limit is another one now. */
  succeeded(atLimit: boolean, now: number, { raiseAfter, raiseAfterMs }: LearningLimits): boolean {
    if (!atLimit || this.#limit >= this.#max) return false;
    this.#successes++;
    if (this.#successes < raiseAfter || now - this.#changedAt < raiseAfterMs) return false;
    this.#set(this.#limit + 1, now);
    return true;
  }

  #set(limit: number, now: number): void {
    this.#limit = limit;
    this.#changedAt = now;
    this.#successes = 0;
  }
}
