/** What is used of the engine: its own types cannot be imported as a module, and lack `comments` and `_`. */

export interface Comment {
  readonly mode: "rtl" | "top" | "bottom";
  readonly render: () => HTMLCanvasElement;
}

/** A comment as the engine keeps it: pixels, and seconds on the clock of `performance.now()`. */
export interface Placed extends Comment {
  readonly width: number;
  readonly y: number;
  readonly _utc: number;
}

export default class Danmaku {
  constructor(options: { container: HTMLElement; engine: "canvas" });
  speed: number;
  emit(comment: Comment): this;
  show(): this;
  hide(): this;
  destroy(): this;
  /** Everything ever emitted; those from `_.position` on have not been placed yet. */
  readonly comments: Comment[];
  readonly _: { position: number; readonly runningList: readonly Placed[] };
}
