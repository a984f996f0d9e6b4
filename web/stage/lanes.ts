export type Mode = "rtl" | "top" | "bottom";

/** A danmaku in flight, as the engine keeps it: pixels, and seconds on the clock of `performance.now()`. */
export interface Flying {
  readonly mode: Mode;
  readonly width: number;
  readonly y: number;
  readonly _utc: number;
}

/** Where danmaku of one height fly, each for the same time. Lengths in pixels. */
export interface Field {
  readonly width: number;
  readonly height: number;
  readonly lanePx: number;
  readonly seconds: number;
}

/** The engine looks a moment later than we do, and rounds in another order. */
const MARGIN_SECONDS = 0.001;

/**
 * The lane where the engine would put the next one, or a better one, by the rule of its `internal/allocate.js`: lanes
 * only ever become free while it has nothing new, so one that is free here and now is free when it looks.
 * It goes on counting below the field when that is full.
 */
export function laneFor(
  next: Pick<Flying, "mode" | "width">,
  now: number,
  field: Field,
  flying: readonly Flying[],
): number {
  const at = now - MARGIN_SECONDS;
  const busy: boolean[] = [];
  for (const one of flying) {
    if (one.mode === next.mode && blocks(one, next, at, field)) busy[laneOf(one, field)] = true;
  }
  // What stands is put before others only where two lanes are free.
  const needed = next.mode === "rtl" ? 1 : 2;
  let free = 0;
  for (let lane = 0; lane < busy.length; lane++) {
    free = busy[lane] ? 0 : free + 1;
    if (free === needed) return lane - needed + 1;
  }
  return busy.length;
}

function laneOf({ mode, y }: Flying, { height, lanePx }: Field): number {
  return Math.round((mode === "bottom" ? height - lanePx - y : y) / lanePx);
}

function blocks(one: Flying, next: Pick<Flying, "width">, at: number, { width, seconds }: Field): boolean {
  const age = at - one._utc;
  if (one.mode !== "rtl") return age < seconds;
  const entering = (width + one.width) * age / seconds < one.width;
  // The wider one is faster: it may reach the left edge only after this one is gone.
  return entering || seconds - age > seconds * width / (width + next.width);
}
