import type { Ai } from "client/mod.ts";
import type { AiThread } from "protocol/ai_methods.ts";

const PAGE = 50;

/** The list of conversations as the server has it, page by page. */
export class ThreadBook {
  readonly #ai: Ai;
  readonly #changed: () => void;
  #threads: readonly AiThread[] = [];
  #next: string | undefined;

  constructor(ai: Ai, changed: () => void) {
    this.#ai = ai;
    this.#changed = changed;
  }

  get threads(): readonly AiThread[] {
    return this.#threads;
  }

  /** Undefined when the list does not have it. */
  changedAt(id: string | undefined): number | undefined {
    return this.#threads.find(({ thread }) => thread === id)?.changedAt;
  }

  get hasMore(): boolean {
    return this.#next !== undefined;
  }

  /** The newest; what was read from behind them stays. */
  async look(): Promise<void> {
    const { threads, next } = await this.#ai.threads({ limit: PAGE });
    const last = threads.at(-1);
    const ids = new Set(threads.map(({ thread }) => thread));
    const behind = next === undefined || last === undefined || this.#threads.length <= PAGE
      ? []
      : this.#threads.filter(({ thread, changedAt }) => !ids.has(thread) && changedAt <= last.changedAt);
    if (behind.length === 0) this.#next = next;
    this.#threads = [...threads, ...behind];
    this.#changed();
  }

  async more(): Promise<void> {
    if (this.#next === undefined) return;
    const { threads, next } = await this.#ai.threads({ limit: PAGE, before: this.#next });
    const known = new Set(this.#threads.map(({ thread }) => thread));
    this.#threads = [...this.#threads, ...threads.filter(({ thread }) => !known.has(thread))];
    this.#next = next;
    this.#changed();
  }

  async forget(id: string): Promise<void> {
    await this.#ai.forget(id);
    this.#threads = this.#threads.filter(({ thread }) => thread !== id);
    if (this.#next === id) this.#next = this.#threads.at(-1)?.thread;
    this.#changed();
  }
}
