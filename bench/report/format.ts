/** A whole number with thousands separated; a dash for what was not measured. */
export function count(value: number): string {
  return Number.isFinite(value) ? Math.round(value).toLocaleString("en") : "-";
}

export function percent(share: number): string {
  if (!Number.isFinite(share)) return "-";
  return `${(share * 100).toFixed(share < 0.1 ? 1 : 0)} %`;
}

/** Milliseconds; Infinity means that it never came. */
export function ms(value: number): string {
  if (Number.isNaN(value)) return "-";
  if (value === Infinity) return "never";
  return `${value.toFixed(Math.abs(value) < 10 ? 1 : 0)} ms`;
}

/** Microseconds, as milliseconds from a thousand on. */
export function micros(value: number): string {
  return value < 1_000 ? `${value.toFixed(value < 100 ? 1 : 0)} us` : `${(value / 1_000).toFixed(2)} ms`;
}

export function kib(bytes: number): string {
  return Number.isFinite(bytes) ? `${(bytes / 1_024).toFixed(1)} KiB` : "-";
}

/** How many times as much. */
export function times(ratio: number): string {
  return Number.isFinite(ratio) && ratio > 0 ? `${ratio.toFixed(ratio < 10 ? 2 : 0)} x` : "-";
}

export function medians(rounds: number): string {
  return rounds === 1 ? "One round." : `Medians of ${rounds} rounds.`;
}
