/** A node that has not told of its readers for so long has none. */
const SILENT_MS = 45_000;

/** Who follows an answer, by node. `now` is monotonic. */
export class Readers {
  readonly #nodes = new Map<string, { readonly readers: number; readonly at: number }>();
  #lastReadAt: number;

  constructor(now: number) {
    this.#lastReadAt = now;
  }

  report(node: string, readers: number, now: number): void {
    if (this.#count(now) > 0) this.#lastReadAt = now;
    if (readers === 0) this.#nodes.delete(node);
    else this.#nodes.set(node, { readers, at: now });
  }

  /** Milliseconds for which nobody has been reading. */
  awayMs(now: number): number {
    if (this.#count(now) > 0) this.#lastReadAt = now;
    return now - this.#lastReadAt;
  }

  #count(now: number): number {
    let sum = 0;
    for (const [node, { readers, at }] of this.#nodes) {
      if (now - at > SILENT_MS) this.#nodes.delete(node);
      else sum += readers;
    }
    return sum;
  }
}
