/**
 * The starts of one use. A token is held from the grant until the upstream has surely counted the call, and comes back
 * a window later: two calls of one token are never closer than a window there, however long the first one was on its way.
 */
export class StartTokens {
  #size: number;
  #held = 0;
  readonly #blockedUntil: number;
  /** When those on their way back are here; ascending. */
  #back: number[] = [];
  #head = 0;

  /** @param blockedUntil An owner before us may have started calls that count until then. */
  constructor(size: number, blockedUntil: number) {
    this.#size = size;
    this.#blockedUntil = blockedUntil;
  }

  /** No call that was begun with one of them may still count. */
  idle(now: number): boolean {
    return this.#held === 0 && this.nextAt(now) === Infinity;
  }

  resize(size: number): void {
    this.#size = size;
  }

  free(now: number): number {
    if (now < this.#blockedUntil) return 0;
    this.#settle(now);
    return Math.max(0, this.#size - this.#held - (this.#back.length - this.#head));
  }

  take(): void {
    this.#held++;
  }

  /** It was never used. */
  putBack(): void {
    this.#held--;
  }

  comeBack(at: number): void {
    this.#held--;
    this.#back.push(Math.max(at, this.#back.at(-1) ?? at));
  }

  /** When there may be one more than now; Infinity when that depends on somebody giving one back. */
  nextAt(now: number): number {
    this.#settle(now);
    if (now < this.#blockedUntil) return this.#blockedUntil;
    return this.#back[this.#head] ?? Infinity;
  }

  #settle(now: number): void {
    while (this.#head < this.#back.length && this.#back[this.#head]! <= now) this.#head++;
    if (this.#head < 64 && this.#head < this.#back.length) return;
    this.#back = this.#back.slice(this.#head);
    this.#head = 0;
  }
}
