import type { Shot } from "./shot.ts";

interface Entry {
  readonly shot: Shot;
  readonly readyAt: number;
  readonly score: number;
}

const PATIENCE_MS = 1_500;
const OWN_PATIENCE_MS = 8_000;

/**
 * Danmaku that wait for a free lane: few, and the best of them first. One's own go before merged ones, which go before
 * the rest; of equals the newest. What does not get its turn is counted.
 */
export class Waiting {
  readonly #limit: number;
  #entries: Entry[] = [];
  #notShown = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.length;
  }

  /** `readyAt` spreads the danmaku of one frame over its tick. */
  offer(shot: Shot, readyAt: number): void {
    const entry = { shot, readyAt, score: scoreOf(shot, readyAt) };
    if (this.#entries.length < this.#limit) {
      this.#entries.push(entry);
      return;
    }
    const worst = this.#entries.reduce((low, other) => other.score < low.score ? other : low);
    if (worst.score >= entry.score) return this.#pass(shot);
    this.#entries[this.#entries.indexOf(worst)] = entry;
    this.#pass(worst.shot);
  }

  /** Hands out at most `limit` danmaku, the best first; those that `launch` refuses stay. */
  launch(now: number, limit: number, launch: (shot: Shot) => boolean): void {
    this.#expire(now);
    const ready = this.#entries.filter((entry) => entry.readyAt <= now).sort((a, b) => b.score - a.score);
    const launched = new Set<Entry>();
    for (const entry of ready) {
      if (launched.size === limit) break;
      if (launch(entry.shot)) launched.add(entry);
    }
    if (launched.size > 0) this.#entries = this.#entries.filter((entry) => !launched.has(entry));
  }

  /** How many were passed over since the last call. */
  takeNotShown(): number {
    const count = this.#notShown;
    this.#notShown = 0;
    return count;
  }

  clear(): void {
    for (const entry of this.#entries) this.#pass(entry.shot);
    this.#entries = [];
  }

  #expire(now: number): void {
    this.#entries = this.#entries.filter((entry) => {
      const alive = now - entry.readyAt <= (entry.shot.own ? OWN_PATIENCE_MS : PATIENCE_MS);
      if (!alive) this.#pass(entry.shot);
      return alive;
    });
  }

  #pass(shot: Shot): void {
    this.#notShown += shot.count;
  }
}

function scoreOf(shot: Shot, readyAt: number): number {
  if (shot.own) return 1e15 + readyAt;
  return shot.count > 1 ? 1e12 * Math.log2(shot.count) + readyAt : readyAt;
}
