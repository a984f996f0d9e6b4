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

export function kib(bytes: number): string {
  return Number.isFinite(bytes) ? `${(bytes / 1_024).toFixed(1)} KiB` : "-";
}

/** How many times as much. */
export function times(ratio: number): string {
  return Number.isFinite(ratio) && ratio > 0 ? `${ratio.toFixed(ratio < 10 ? 2 : 0)} x` : "-";
}
