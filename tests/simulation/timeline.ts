import { setImmediate } from "node:timers";

interface Event {
  readonly at: number;
  readonly order: number;
  run: (() => void) | undefined;
}

/**
 * The one time of a simulated world, in milliseconds. Events happen in the order of their times, those of the same
 * moment in the order they were planned; between two of them everything that was set in motion runs to its end.
 */
export class Timeline {
  #now = 0;
  #orders = 0;
  readonly #heap: Event[] = [];
  /** Real work under way, such as a query, that must end before the next event. */
  #working = 0;
  events = 0;

  get now(): number {
    return this.#now;
  }

  /** Returns a function that cancels. */
  after(ms: number, run: () => void): () => void {
    const event: Event = { at: this.#now + Math.max(0, ms), order: this.#orders++, run };
    this.#push(event);
    return () => {
      event.run = undefined;
    };
  }

  async work<T>(run: () => Promise<T>): Promise<T> {
    this.#working++;
    try {
      return await run();
    } finally {
      this.#working--;
    }
  }

  async pass(ms: number): Promise<void> {
    const end = this.#now + ms;
    await this.#settle();
    for (let next = this.#heap[0]; next !== undefined && next.at <= end; next = this.#heap[0]) {
      this.#pop();
      if (next.run === undefined) continue;
      this.#now = next.at;
      this.events++;
      next.run();
      await this.#settle();
    }
    this.#now = end;
  }

  /** Promises run to their end before the immediate does. */
  async #settle(): Promise<void> {
    do await new Promise<void>((resolve) => setImmediate(resolve)); while (this.#working > 0);
  }

  #push(event: Event): void {
    const heap = this.#heap;
    let index = heap.push(event) - 1;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      if (!before(event, heap[parent]!)) break;
      heap[index] = heap[parent]!;
      index = parent;
    }
    heap[index] = event;
  }

  #pop(): void {
    const heap = this.#heap;
    const last = heap.pop()!;
    if (heap.length === 0) return;
    let index = 0;
    for (;;) {
      let child = index * 2 + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child++;
      if (!before(heap[child]!, last)) break;
      heap[index] = heap[child]!;
      index = child;
    }
    heap[index] = last;
  }
}

function before(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}
