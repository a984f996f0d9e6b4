import type { Shot } from "./shot.ts";

interface Entry {
  readonly key: string;
  readonly shot: Shot;
  readonly readyAt: number;
  readonly score: number;
}

const PATIENCE_MS = 2_500;
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
  readonly #entries = new Map<string, Entry>();
  #notShown = 0;

  constructor(limit: number) {
    this.#limit = limit;
  }

  get size(): number {
    return this.#entries.size;
  }

  /** `readyAt` spreads the danmaku of one frame over its tick. */
  offer(shot: Shot, readyAt: number): void {
    const key = keyOf(shot);
    const twin = this.#entries.get(key);
    if (twin) {
      const merged = { ...twin.shot, count: twin.shot.count + shot.count };
      this.#entries.set(key, { key, shot: merged, readyAt, score: scoreOf(merged, readyAt) });
      return;
    }
    const entry = { key, shot, readyAt, score: scoreOf(shot, readyAt) };
    if (this.#entries.size >= this.#limit) {
      const worst = this.#worst();
      if (!worst || worst.score >= entry.score) return this.#pass(shot);
      this.#entries.delete(worst.key);
      this.#pass(worst.shot);
    }
    this.#entries.set(key, entry);
  }

  /** Hands out at most `limit` danmaku, the best first; those that `launch` refuses stay. */
  launch(now: number, limit: number, launch: (shot: Shot) => boolean): void {
    this.#expire(now);
    const ready = [...this.#entries.values()].filter(({ readyAt }) => readyAt <= now).sort((a, b) =>
      b.score - a.score
    );
    const crowded = ready.length > limit;
    let launched = 0;
    for (const { key, shot } of ready) {
      if (launched === limit) return;
      if (crowded && !shot.own && (this.#restingUntil.get(key) ?? 0) > now) continue;
      if (!launch(shot)) continue;
      launched++;
      this.#entries.delete(key);
      this.#restingUntil.set(key, now + REST_MS);
    }
  }

  /** How many were passed over since the last call. */
  takeNotShown(): number {
    const count = this.#notShown;
    this.#notShown = 0;
    return count;
  }

  clear(): void {
    for (const entry of this.#entries.values()) this.#pass(entry.shot);
    this.#entries.clear();
  }

  #expire(now: number): void {
    for (const [key, until] of this.#restingUntil) {
      if (until + PATIENCE_MS < now) this.#restingUntil.delete(key);
    }
    for (const { key, shot, readyAt } of this.#entries.values()) {
      const since = Math.max(readyAt, this.#restingUntil.get(key) ?? 0);
      if (now - since <= (shot.own ? OWN_PATIENCE_MS : PATIENCE_MS)) continue;
      this.#entries.delete(key);
      this.#pass(shot);
    }
  }

  #worst(): Entry | undefined {
    let worst: Entry | undefined;
    for (const entry of this.#entries.values()) if (!worst || entry.score < worst.score) worst = entry;
    return worst;
  }

  #pass(shot: Shot): void {
    this.#notShown += shot.count;
  }
}

function keyOf({ text, position, own }: Shot): string {
  return `${own ? "own" : ""} ${position} ${text.toLowerCase()}`;
}

function scoreOf(shot: Shot, readyAt: number): number {
  if (shot.own) return 1e15 + readyAt;
  return shot.count > 1 ? 1e12 * Math.log2(shot.count) + readyAt : readyAt;
}
