import type { Shot } from "./shot.ts";

interface Entry {
  readonly shot: Shot;
  readonly readyAt: number;
}

const PATIENCE_MS = 1_500;
const OWN_PATIENCE_MS = 8_000;
/** In a crowd the same words fly at most once in this time; meanwhile they add up. */
const REST_MS = 2_200;

/**
 * Danmaku that wait for a free lane: few, and the best of them first. One's own go before merged ones, which go before
 * the rest; of equals the newest. Equal ones that wait together become one. What does not get its turn is counted.
 */
export class Waiting {
  readonly #limit: number;
  readonly #restingUntil = new Map<string, number>();
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
    const twin = this.#entries.findIndex((entry) => keyOf(entry.shot) === keyOf(shot));
    const known = this.#entries[twin];
    if (known) {
      this.#entries[twin] = { shot: { ...known.shot, count: known.shot.count + shot.count }, readyAt };
      return;
    }
    const entry = { shot, readyAt };
    if (this.#entries.length < this.#limit) {
      this.#entries.push(entry);
      return;
    }
    const worst = this.#entries.reduce((low, other) => scoreOf(other) < scoreOf(low) ? other : low);
    if (scoreOf(worst) >= scoreOf(entry)) return this.#pass(shot);
    this.#entries[this.#entries.indexOf(worst)] = entry;
    this.#pass(worst.shot);
  }

  /** Hands out at most `limit` danmaku, the best first; those that `launch` refuses stay. */
  launch(now: number, limit: number, launch: (shot: Shot) => boolean): void {
    this.#expire(now);
    const ready = this.#entries.filter((entry) => entry.readyAt <= now).sort((a, b) =>
      scoreOf(b) - scoreOf(a)
    );
    const crowded = ready.length > limit;
    const launched = new Set<Entry>();
    for (const entry of ready) {
      if (launched.size === limit) break;
      const key = keyOf(entry.shot);
      if (crowded && !entry.shot.own && (this.#restingUntil.get(key) ?? 0) > now) continue;
      if (!launch(entry.shot)) continue;
      launched.add(entry);
      this.#restingUntil.set(key, now + REST_MS);
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
    for (const [key, until] of this.#restingUntil) if (until <= now) this.#restingUntil.delete(key);
    this.#entries = this.#entries.filter((entry) => {
      const patience = entry.shot.own ? OWN_PATIENCE_MS : PATIENCE_MS;
      const alive = now - entry.readyAt <= patience || this.#restingUntil.has(keyOf(entry.shot));
      if (!alive) this.#pass(entry.shot);
      return alive;
    });
  }

  #pass(shot: Shot): void {
    this.#notShown += shot.count;
  }
}

function keyOf({ text, position, own }: Shot): string {
  return `${own ? "own" : ""} ${position} ${text.toLowerCase()}`;
}

function scoreOf({ shot, readyAt }: Entry): number {
  if (shot.own) return 1e15 + readyAt;
  return shot.count > 1 ? 1e12 * Math.log2(shot.count) + readyAt : readyAt;
}
