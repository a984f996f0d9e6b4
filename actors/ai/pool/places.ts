import { PLACES_AT_ONCE } from "./definition.ts";
import type { Queue, Waiting } from "./queue.ts";
import type { Uses } from "./uses.ts";

/** One call more changes the mean by this part of the difference. */
const WEIGHT = 0.1;
const ETA_MAX_MS = 3_600_000;

export type Place = [answer: string, position: number, etaMs: number];

/** Where those who wait stand, and how long it will take: from how long calls took, and the slots there are. */
export class Places {
  readonly #queue: Queue;
  readonly #uses: Uses;
  #callMs: number;

  constructor(queue: Queue, uses: Uses, callMs: number) {
    this.#queue = queue;
    this.#uses = uses;
    this.#callMs = callMs;
  }

  /** A slot was lent for so long. */
  measured(ms: number): void {
    this.#callMs += (ms - this.#callMs) * WEIGHT;
  }

  /** 0 when the next slot is there already. */
  of(waiting: Waiting, now: number): { position: number; etaMs: number } {
    const position = this.#queue.placeOf(waiting);
    if (this.#uses.room(now, position) >= position) return { position: 0, etaMs: 0 };
    return { position, etaMs: this.etaMs(position, now) };
  }

  etaMs(position: number, now: number): number {
    const ready = this.#uses.slots(now);
    const slots = ready > 0 ? ready : this.#uses.slotsSometime();
    const rest = ready > 0 ? 0 : this.#uses.soonest({ exclude: [] }, now) - now;
    const eta = rest + position * this.#callMs / Math.max(1, slots);
    return Math.round(Math.min(ETA_MAX_MS, Math.max(1, eta)));
  }

  /** The places that are others than when they were last told, in pieces for one event each. */
  changed(now: number): Place[][] {
    const perPlace = this.etaMs(2, now) - this.etaMs(1, now);
    const first = this.etaMs(1, now);
    const pieces: Place[][] = [];
    let piece: Place[] = [];
    let position = 0;
    for (const waiting of this.#queue.inOrder()) {
      position++;
      if (waiting.told === position) continue;
      waiting.told = position;
      piece.push([waiting.ticket.answer, position, Math.min(ETA_MAX_MS, first + (position - 1) * perPlace)]);
      if (piece.length < PLACES_AT_ONCE) continue;
      pieces.push(piece);
      piece = [];
    }
    if (piece.length > 0) pieces.push(piece);
    return pieces;
  }
}
