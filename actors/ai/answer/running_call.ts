/** A call that beats every two seconds and is not heard for so long has lost its node. */
const SILENT_MS = 12_000;
/** Of these, how long an incarnation that has just begun has waited already: a living one is heard at once. */
const BEGINS_SILENT_MS = 6_000;
/** By then it would have been heard, if it lived: the pool knows whether there still is such a call. */
const DOUBTED_MS = 7_500;

/** The call that is being made, as far as its answer hears of it. */
export class RunningCall {
  unshown = false;
  readonly #now: () => number;
  #heardAt: number;
  #doubt: "asked" | "confirmed" | undefined;

  /**
   * @param lease Empty until it is heard of, when an earlier incarnation of the answer has begun it.
   * @param now Milliseconds, monotonic.
   */
  constructor(readonly lease: string, readonly credential: string | undefined, now: () => number) {
    this.#now = now;
    this.#heardAt = lease === "" ? now() - BEGINS_SILENT_MS : now();
  }

  heard(): void {
    this.#heardAt = this.#now();
    this.#doubt = undefined;
  }

  /**
   * Whether it has been silent for too long. Never waits: what the pool says counts when this is asked again.
   * @param holds Asks the pool whether there is such a call.
   */
  isLost(holds: () => Promise<boolean>): boolean {
    const silentMs = this.#now() - this.#heardAt;
    if (silentMs > SILENT_MS) return true;
    if (silentMs <= DOUBTED_MS) return false;
    if (this.#doubt === undefined) this.#ask(holds);
    return this.#doubt === "confirmed";
  }

  async #ask(holds: () => Promise<boolean>): Promise<void> {
    this.#doubt = "asked";
    const heardAt = this.#heardAt;
    let held = true;
    try {
      held = await holds();
    } catch {
      // Nobody knows better than the clock.
    }
    if (this.#heardAt === heardAt) this.#doubt = held ? undefined : "confirmed";
  }
}
