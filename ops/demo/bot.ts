import { Barrage, BarrageCallError } from "client/mod.ts";
import type { SayStyle } from "protocol/items.ts";

export interface Tally {
  sent: number;
  accepted: number;
  limited: number;
  failed: number;
  /** Messages that arrived at one of the bots, merged ones counted as many. */
  seen: number;
}

const BURST = 20;
const PER_SECOND = 5;

/** How often one user may speak; bots that share a token share the allowance. */
export class Allowance {
  #left = BURST;
  #at = performance.now();

  take(): boolean {
    const now = performance.now();
    this.#left = Math.min(BURST, this.#left + ((now - this.#at) / 1_000) * PER_SECOND);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left--;
    return true;
  }
}

/** One viewer: a connection of its own in one room. */
export class Bot {
  readonly #barrage: Barrage;
  readonly #roomId: string;
  readonly #allowance: Allowance;
  readonly #tally: Tally;

  constructor(options: { url: string; token: string; room: string; allowance: Allowance; tally: Tally }) {
    this.#barrage = new Barrage({ url: options.url, token: options.token });
    this.#roomId = options.room;
    this.#allowance = options.allowance;
    this.#tally = options.tally;
  }

  async enter(counts: boolean): Promise<void> {
    const room = this.#barrage.room(this.#roomId);
    if (counts) {
      room.on("items", (items, source) => {
        if (source === "live") { for (const item of items) this.#tally.seen += item.count; }
      });
    }
    await room.join();
  }

  /** False when the bot has to be quiet for now. */
  say(text: string, style: SayStyle): boolean {
    if (this.#barrage.state.status !== "open" || !this.#allowance.take()) return false;
    this.#tally.sent++;
    this.#barrage.room(this.#roomId).say(text, { style }).then(
      () => void this.#tally.accepted++,
      (error: unknown) => {
        if (!(error instanceof BarrageCallError)) throw error;
        if (error.reason === "rate_limited") this.#tally.limited++;
        else this.#tally.failed++;
      },
    );
    return true;
  }

  leave(): void {
    this.#barrage.close();
  }
}
