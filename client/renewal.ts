import type { Clock } from "./clock.ts";

const LEAD_MAX_MS = 60_000;
/** Under this another try would come too late. */
const LEAST_MS = 500;
/** Timers hold 31 bits of milliseconds; guests' tokens last longer. */
const TIMER_MAX_MS = 86_400_000;

/** So many milliseconds before its end a token is replaced: a minute, or a quarter of a life shorter than four. */
export function leadOf(lifeMs: number): number {
  return Math.min(LEAD_MAX_MS, lifeMs / 4);
}

export interface RenewalOptions {
  readonly clock: Clock;
  readonly getToken: () => string | undefined | Promise<string | undefined>;
  /** Takes the token to the server; resolves to its life in milliseconds. */
  readonly renew: (token: string) => Promise<number>;
}

/** Sees to it that the open link rests on a newer token before the one it rests on ends. */
export class Renewal {
  readonly #options: RenewalOptions;
  #token: string | undefined;
  #endsAt = 0;
  #timer: unknown;
  #link = 0;

  constructor(options: RenewalOptions) {
    this.#options = options;
  }

  /** From now on for a link that rests on this token. */
  begin(token: string | undefined, expiresInMs: number): void {
    this.stop();
    this.#token = token;
    this.#endsAt = this.#options.clock.now() + expiresInMs;
    this.#plan();
  }

  stop(): void {
    this.#options.clock.clear(this.#timer);
    this.#link++;
  }

  /**
   * Now. Where there is no newer token yet, or no way to get one, it is tried again while there is time; after that the
   * server closes the link, and the next one begins with a token of its own.
   */
  async run(): Promise<void> {
    const { clock, getToken, renew } = this.#options;
    const link = this.#link;
    try {
      const token = await getToken();
      if (link !== this.#link || token === undefined || token === this.#token) return;
      const expiresInMs = await renew(token);
      if (link !== this.#link) return;
      this.#token = token;
      this.#endsAt = clock.now() + expiresInMs;
    } finally {
      if (link === this.#link) this.#plan();
    }
  }

  #plan(): void {
    const { clock } = this.#options;
    clock.clear(this.#timer);
    const leftMs = this.#endsAt - clock.now();
    if (leftMs < LEAST_MS) return;
    const inMs = leftMs - leadOf(leftMs);
    this.#timer = clock.set(
      () => inMs > TIMER_MAX_MS ? this.#plan() : void this.run().catch(() => {}),
      Math.min(inMs, TIMER_MAX_MS),
    );
  }
}
