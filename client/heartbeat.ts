import type { Clock } from "./clock.ts";

/**
 * Keeps a link alive and notices when it is dead: pings when nothing was sent for one interval, and gives up when
 * something sent has met only silence for two.
 */
export class Heartbeat {
  readonly #clock: Clock;
  readonly #intervalMs: number;
  readonly #ping: () => void;
  readonly #dead: () => void;
  #timer: unknown;
  #lastSent: number;
  #unansweredSince: number | undefined;

  constructor(clock: Clock, intervalMs: number, on: { ping: () => void; dead: () => void }) {
    this.#clock = clock;
    this.#intervalMs = intervalMs;
    this.#ping = on.ping;
    this.#dead = on.dead;
    this.#lastSent = clock.now();
    this.#schedule();
  }

  sent(): void {
    this.#lastSent = this.#clock.now();
    this.#unansweredSince ??= this.#lastSent;
  }

  heard(): void {
    this.#unansweredSince = undefined;
  }

  stop(): void {
    this.#clock.clear(this.#timer);
  }

  #schedule(): void {
    const pingAt = this.#lastSent + this.#intervalMs;
    const deadAt = (this.#unansweredSince ?? Infinity) + 2 * this.#intervalMs;
    this.#timer = this.#clock.set(
      () => this.#check(),
      Math.max(0, Math.min(pingAt, deadAt) - this.#clock.now()),
    );
  }

  #check(): void {
    const now = this.#clock.now();
    if (this.#unansweredSince !== undefined && now - this.#unansweredSince >= 2 * this.#intervalMs) {
      return this.#dead();
    }
    if (now - this.#lastSent >= this.#intervalMs) this.#ping();
    this.#schedule();
  }
}
