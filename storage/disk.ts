import { BarrageError } from "protocol/errors.ts";

/**
 * What is committed survives this process, but not yet the machine; that takes a flush. Whatever was committed before one
 * begins is safe when it ends, so many wait for the same one.
 */
export class Disk {
  readonly #flush: () => Promise<void>;
  #flushing: Promise<void> | undefined;
  #next: Promise<void> | undefined;

  constructor(flush: () => Promise<void>) {
    this.#flush = flush;
  }

  /** Resolves, whatever comes of it, when no flush is under way or about to begin. */
  get idle(): Promise<void> | undefined {
    return (this.#next ?? this.#flushing)?.catch(() => {});
  }

  /** @throws {BarrageError} `timeout`: what was committed may have survived or not. */
  safe(): Promise<void> {
    return this.#next ??= this.#after(this.#flushing);
  }

  async #after(before: Promise<void> | undefined): Promise<void> {
    // What else is committed in this very turn goes along.
    await before?.catch(() => {});
    const flushing = this.#flushing = this.#next;
    this.#next = undefined;
    try {
      await this.#flush();
    } catch (cause) {
      throw new BarrageError("timeout", "Cannot tell whether the write took place: the disk failed", {
        cause,
      });
    } finally {
      if (this.#flushing === flushing) this.#flushing = undefined;
    }
  }
}
