/** Lines in the page at most: enough for several screens, few enough to lay out at once. */
export const LINES_MAX = 160;
/** So many more at a time, when somebody comes near an edge. */
const STEP = 40;

interface Keyed {
  readonly key: string;
}

/**
 * Which of the known messages are in the page: a stretch of bounded length, that follows the end or stays with the
 * message it begins with.
 */
export class LineWindow {
  /** Undefined follows the end. */
  #from: string | undefined;
  #length = LINES_MAX / 2;

  get followsEnd(): boolean {
    return this.#from === undefined;
  }

  of<M extends Keyed>(messages: readonly M[]): readonly M[] {
    const start = this.#startIn(messages);
    return messages.slice(start, start + this.#length);
  }

  followEnd(): void {
    this.#from = undefined;
    this.#length = LINES_MAX / 2;
  }

  /** Shows what stands around this one. */
  showAround(messages: readonly Keyed[], key: string): void {
    const at = messages.findIndex((message) => message.key === key);
    if (at < 0) return;
    this.#length = LINES_MAX;
    this.#from = messages[Math.max(0, at - LINES_MAX / 2)]?.key;
    this.#settle(messages);
  }

  /** Whether there was more to show upwards. */
  moveUp(messages: readonly Keyed[]): boolean {
    const start = this.#startIn(messages);
    if (start === 0) return false;
    this.#length = Math.min(LINES_MAX, this.#length + STEP);
    this.#from = messages[Math.max(0, start - STEP)]?.key;
    this.#settle(messages);
    return true;
  }

  moveDown(messages: readonly Keyed[]): boolean {
    const start = this.#startIn(messages);
    if (start + this.#length >= messages.length) return false;
    this.#from = messages[start + STEP]?.key;
    this.#settle(messages);
    return true;
  }

  #startIn(messages: readonly Keyed[]): number {
    const end = Math.max(0, messages.length - this.#length);
    if (this.#from === undefined) return end;
    const at = messages.findIndex(({ key }) => key === this.#from);
    return at < 0 ? end : at;
  }

  /** A stretch that reaches the end follows it. */
  #settle(messages: readonly Keyed[]): void {
    if (this.#startIn(messages) + this.#length >= messages.length) this.#from = undefined;
  }
}
