/** Horizontal space between two danmaku of one lane, in CSS pixels. */
const GAP = 24;

/**
 * Lanes on which danmaku cross from right to left, all at one speed: so none ever catches up with another, and long
 * ones find room as easily as short ones. Times in milliseconds, lengths in pixels.
 */
export class ScrollLanes {
  readonly #pxPerMs: number;
  /** When the tail of the last one has entered the picture. */
  readonly #freeAt: number[];
  #reserved: { readonly first: number; readonly span: number } | undefined;

  constructor(options: { lanes: number; pxPerMs: number }) {
    this.#pxPerMs = options.pxPerMs;
    this.#freeAt = new Array(options.lanes).fill(-Infinity);
  }

  /** The first of `span` neighbouring lanes that are free, however wide the next one is; or undefined. */
  free(now: number, span: number): number | undefined {
    const held = this.#reserved;
    return firstRun(
      this.#freeAt,
      span,
      (freeAt, lane) =>
        freeAt <= now && !(held && span < held.span && lane >= held.first && lane < held.first + held.span),
    );
  }

  /** Keeps smaller ones off the lanes that will be free the soonest for a `span`; else it might wait forever. */
  reserve(span: number): void {
    let [first, soonest] = [0, Infinity];
    for (let lane = 0; lane + span <= this.#freeAt.length; lane++) {
      const freeAt = Math.max(...this.#freeAt.slice(lane, lane + span));
      if (freeAt < soonest) [first, soonest] = [lane, freeAt];
    }
    this.#reserved = { first, span };
  }

  release(): void {
    this.#reserved = undefined;
  }

  take(first: number, span: number, now: number, width: number): void {
    this.#freeAt.fill(now + (width + GAP) / this.#pxPerMs, first, first + span);
  }
}

/** Lanes on which danmaku stand still for a while. */
export class FixedLanes {
  readonly #freeAt: number[];
  readonly #holdMs: number;

  constructor(options: { lanes: number; holdMs: number }) {
    this.#freeAt = new Array(options.lanes).fill(-Infinity);
    this.#holdMs = options.holdMs;
  }

  free(now: number, span: number): number | undefined {
    return firstRun(this.#freeAt, span, (freeAt) => freeAt <= now);
  }

  take(first: number, span: number, now: number): void {
    this.#freeAt.fill(now + this.#holdMs, first, first + span);
  }
}

function firstRun<T>(
  lanes: readonly T[],
  span: number,
  free: (lane: T, index: number) => boolean,
): number | undefined {
  let run = 0;
  for (const [index, lane] of lanes.entries()) {
    run = free(lane, index) ? run + 1 : 0;
    if (run === span) return index - span + 1;
  }
  return undefined;
}
