import { type Field, type Flying, laneFor, type Mode } from "./lanes.ts";
import type { Shot } from "./shot.ts";

/** Bounds the work of one frame on very large screens. */
const FLYING_MAX = 240;

/** What the gate needs of the engine. */
export interface Sky {
  readonly field: Field;
  readonly flying: readonly Flying[];
  /** What became of the last one that was launched; `missed` when the engine found it out of date. */
  readonly last: "awaited" | "placed" | "missed";
}

/**
 * Stands before the engine, which lets danmaku overlap when it has no room: lets through only what will get a lane of
 * its own. One at a time, until the engine has placed it, so that where things are is always known and never guessed.
 */
export class Gate {
  readonly #sky: Sky;
  #lanes = 0;
  #passing: Shot | undefined;
  #keepsLast = false;

  constructor(sky: Sky) {
    this.#sky = sky;
  }

  /** Let through, not yet placed. */
  get passing(): Shot | undefined {
    return this.#passing;
  }

  get empty(): boolean {
    return this.#passing === undefined && this.#sky.flying.length === 0;
  }

  /** Lanes that may be used, from the edge where they begin. */
  limit(lanes: number): void {
    this.#lanes = lanes;
  }

  /** Begins a round of `admits`. @returns what was let through and never shown, if anything. */
  begin(): Shot | undefined {
    this.#keepsLast = false;
    if (this.#passing === undefined || this.#sky.last === "awaited") return undefined;
    const missed = this.#sky.last === "missed" ? this.#passing : undefined;
    this.#passing = undefined;
    return missed;
  }

  /**
   * Asked for the best first. When one that matters is refused, those after it must leave the last lane alone; else
   * shorter ones, which fit sooner, might keep it waiting forever.
   */
  admits(shot: Shot, mode: Mode, widthOf: (shot: Shot) => number, now: number): boolean {
    if (this.#passing !== undefined) return false;
    const { field, flying } = this.#sky;
    if (flying.length >= FLYING_MAX) return false;
    const lane = laneFor({ mode, width: widthOf(shot) }, now, field, flying);
    if (lane < this.#lanes - Number(this.#keepsLast)) {
      this.#passing = shot;
      return true;
    }
    this.#keepsLast ||= mode === "rtl" && (shot.own || shot.count > 1);
    return false;
  }
}
