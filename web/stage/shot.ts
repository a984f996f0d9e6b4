import type { SayItem } from "../protocol_types.ts";

/** One danmaku as the stage needs it. */
export interface Shot {
  readonly text: string;
  readonly count: number;
  readonly color: string;
  readonly position: "scroll" | "top" | "bottom";
  readonly own: boolean;
}

/** Nobody reads more than this in flight; the chat shows it whole. */
const FLYING_MAX = 48;

export function shotOf(item: SayItem, own: boolean): Shot {
  const points = Array.from(item.text);
  return {
    text: points.length > FLYING_MAX ? `${points.slice(0, FLYING_MAX - 1).join("")}…` : item.text,
    count: item.count,
    color: item.style?.color ?? "#ffffff",
    position: item.style?.position ?? "scroll",
    own,
  };
}

/** How much larger a danmaku that many said appears: 1.15 for ten, never over 1.3, which a lane has room for. */
export function emphasis(count: number): number {
  return Math.min(1.3, 1 + 0.15 * Math.log10(count));
}
