import type { Flying, Mode } from "./lanes.ts";

/** What is used of the engine: its own types cannot be imported as a module, and lack `comments` and `_`. */

export interface Comment {
  readonly mode: Mode;
  /** Called just before it is placed. */
  readonly render: (this: Emitted) => HTMLCanvasElement;
}

/** As the engine keeps it; it has a `y` once it has been placed. */
export interface Emitted extends Comment {
  /** When it starts, in seconds on the clock of `performance.now()`. */
  _utc: number;
  readonly y?: number;
}

export default class Danmaku {
  constructor(options: { container: HTMLElement; engine: "canvas" });
  speed: number;
  emit(comment: Comment): this;
  show(): this;
  hide(): this;
  destroy(): this;
  /** Everything ever emitted; those from `_.position` on have not been placed yet. */
  readonly comments: Emitted[];
  readonly _: { position: number; readonly runningList: readonly Flying[] };
}
