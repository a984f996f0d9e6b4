const MINUTE = 60_000;
const UNITS: readonly (readonly [unit: Intl.RelativeTimeFormatUnit, ms: number])[] = [
  ["day", 1_440 * MINUTE],
  ["hour", 60 * MINUTE],
  ["minute", MINUTE],
];
const relative = new Intl.RelativeTimeFormat("en", { numeric: "auto" });

/** `3 hours ago`. @param at Milliseconds since 1970. */
export function ago(at: number): string {
  const ms = Date.now() - at;
  const unit = UNITS.find(([, length]) => ms >= length);
  return unit === undefined ? "just now" : relative.format(-Math.floor(ms / unit[1]), unit[0]);
}
