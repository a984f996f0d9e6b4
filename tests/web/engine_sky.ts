import allocate from "danmaku/src/internal/allocate.js";
import { resetSpace } from "danmaku/src/utils.js";
import type { Sky } from "../../web/stage/gate.ts";
import type { Field, Flying } from "../../web/stage/lanes.ts";

type Placed = Flying & { readonly height: number; readonly time: number };

/**
 * The engine without its canvas: its own rule decides where things go, on a clock the test turns. (A recording's clock,
 * the only one the engine lets others set.)
 */
export class EngineSky implements Sky {
  readonly field: Field;
  readonly placed: Placed[] = [];
  readonly #engine;
  #flying: Placed[] = [];
  #awaited: Omit<Placed, "y"> | undefined;
  last: Sky["last"] = "placed";

  constructor(field: Field) {
    const { width, height, seconds: duration } = field;
    this.field = field;
    this.#engine = { media: { currentTime: 0 }, _: { width, height, duration, space: {} } };
    resetSpace(this.#engine._.space);
  }

  get flying(): readonly Flying[] {
    return this.#flying;
  }

  launch(mode: Flying["mode"], width: number, now: number): void {
    this.#awaited = { mode, width, height: this.field.lanePx, time: now, _utc: now };
    this.last = "awaited";
  }

  frame(now: number): void {
    this.#engine.media.currentTime = now;
    this.#flying = this.#flying.filter(({ time }) => now - time <= this.field.seconds);
    if (this.#awaited === undefined) return;
    const late = now - this.#awaited.time > this.field.seconds;
    this.last = late ? "missed" : "placed";
    if (!late) {
      const starting = { ...this.#awaited, time: now, _utc: now };
      const placed = { ...starting, y: allocate.call(this.#engine, starting) };
      this.placed.push(placed);
      this.#flying.push(placed);
    }
    this.#awaited = undefined;
  }

  /** Left and right edge, as the engine draws it; undefined when it is not there. */
  extentOf({ mode, time, width }: Placed, now: number): [left: number, right: number] | undefined {
    const { width: stage, seconds } = this.field;
    if (now < time || now - time > seconds) return undefined;
    const left = mode === "rtl" ? stage - (stage + width) * (now - time) / seconds : (stage - width) >> 1;
    return [left, left + width];
  }
}
