import type { Headers } from "./bus.ts";
import type { PipeLimits } from "./pipe.ts";

export interface FeedFrame {
  readonly subject: string;
  readonly data: Uint8Array;
  readonly headers: Headers;
  readonly bytes: number;
  /** Milliseconds that never go back. */
  readonly offeredAt: number;
}

/** Frames that wait for the feed: a bounded whole, with an order for each subject. */
export class FeedQueue {
  readonly #limits: PipeLimits;
  readonly #subjects = new Map<string, FeedFrame[]>();
  #size = 0;
  #bytes = 0;

  constructor(limits: PipeLimits) {
    this.#limits = limits;
  }

  get size(): number {
    return this.#size;
  }

  /** False when it does not fit. */
  push(frame: FeedFrame): boolean {
    if (this.#size >= this.#limits.messages || this.#bytes + frame.bytes > this.#limits.bytes) return false;
    const waiting = this.#subjects.get(frame.subject);
    if (waiting === undefined) this.#subjects.set(frame.subject, [frame]);
    else waiting.push(frame);
    this.#size++;
    this.#bytes += frame.bytes;
    return true;
  }

  /** The oldest frame of each subject, of `most` subjects; those that waited longest for their turn come first. */
  heads(most: number): FeedFrame[] {
    const heads: FeedFrame[] = [];
    for (const [head] of this.#subjects.values()) {
      if (heads.length >= most) break;
      if (head !== undefined) heads.push(head);
    }
    return heads;
  }

  /** Takes out the oldest frame of its subject. */
  remove(frame: FeedFrame): void {
    const waiting = this.#subjects.get(frame.subject);
    if (waiting?.[0] !== frame) throw new Error("Cannot take a frame out of the middle of the queue");
    waiting.shift();
    this.#size--;
    this.#bytes -= frame.bytes;
    // Behind the others, so that no subject has to wait for another's end.
    this.#subjects.delete(frame.subject);
    if (waiting.length > 0) this.#subjects.set(frame.subject, waiting);
  }

  /** Takes out what was offered before then, and returns how much that was. */
  expire(before: number): number {
    let expired = 0;
    for (const waiting of [...this.#subjects.values()]) {
      for (let head = waiting[0]; head !== undefined && head.offeredAt < before; head = waiting[0]) {
        this.remove(head);
        expired++;
      }
    }
    return expired;
  }
}
