/** Horizontal space between two danmaku of one lane, in CSS pixels. */
const GAP = 24;

interface Lane {
  /** When the tail of the last one has entered the picture. */
  enteredAt: number;
  /** When its tail leaves on the other side. */
  leftAt: number;
}

/** Lanes on which danmaku cross from right to left; no two ever overlap. Times in milliseconds, lengths in pixels. */
export class ScrollLanes {
  readonly #width: number;
  readonly #crossMs: number;
  readonly #lanes: Lane[];

  constructor(options: { width: number; lanes: number; crossMs: number }) {
    this.#width = options.width;
    this.#crossMs = options.crossMs;
    this.#lanes = Array.from({ length: options.lanes }, () => ({ enteredAt: -Infinity, leftAt: -Infinity }));
  }

  /** The first of `span` neighbouring lanes that are free for something `width` wide, or undefined. */
  place(now: number, width: number, span: number): number | undefined {
    const pxPerMs = (this.#width + width) / this.#crossMs;
    const headArrives = now + this.#width / pxPerMs;
    const first = firstRun(this.#lanes, span, (lane) => lane.enteredAt <= now && lane.leftAt <= headArrives);
    if (first === undefined) return undefined;
    const taken = { enteredAt: now + (width + GAP) / pxPerMs, leftAt: now + this.#crossMs };
    this.#lanes.fill(taken, first, first + span);
    return first;
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

  place(now: number, span: number): number | undefined {
    const first = firstRun(this.#freeAt, span, (freeAt) => freeAt <= now);
    if (first !== undefined) this.#freeAt.fill(now + this.#holdMs, first, first + span);
    return first;
  }
}

function firstRun<T>(lanes: readonly T[], span: number, free: (lane: T) => boolean): number | undefined {
  let run = 0;
  for (const [index, lane] of lanes.entries()) {
    run = free(lane) ? run + 1 : 0;
    if (run === span) return index - span + 1;
  }
  return undefined;
}
