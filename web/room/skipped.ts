import type { Dropped } from "protocol/items.ts";
import { plural } from "../shell/dom.ts";

const SETTLE_MS = 1_500;

/**
 * Adds up what did not come, and says it once things have settled: after a hidden tab as "while you were away",
 * otherwise as skipped.
 */
export class Skipped {
  readonly #say: (text: string) => void;
  #count = 0;
  #away = false;
  #unknown = false;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  add(dropped: Dropped | undefined): void {
    if (dropped) this.#count += dropped.say ?? 0;
    else this.#unknown = true;
    this.#settle();
  }

  hidden(): void {
    this.#away = true;
    clearTimeout(this.#timer);
  }

  /** What was dropped while hidden is reported by the frame that follows. */
  visible(): void {
    this.#settle();
  }

  #settle(): void {
    clearTimeout(this.#timer);
    if (!document.hidden) this.#timer = setTimeout(() => this.#report(), SETTLE_MS);
  }

  #report(): void {
    const count = plural(this.#count, "message");
    const were = this.#count === 1 ? "was" : "were";
    if (this.#count > 0) this.#say(this.#away ? `While you were away: ${count}` : `${count} ${were} skipped`);
    else if (this.#unknown) this.#say("Some messages were skipped");
    this.#count = 0;
    this.#unknown = false;
    this.#away = false;
  }
}
