/** The median; of an even number, the mean of the two in the middle. NaN when there is nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length % 2 === 1) return sorted[middle]!;
  return (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Nearest rank; `share` 0-1. What never arrived counts as Infinity, so a loss shows in the high percentiles. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)] ?? NaN;
}

/** A row like the first, with the median over all rows of each number in it. */
export function medianRow<T extends object>(rows: readonly [T, ...T[]]): T {
  const middle = { ...rows[0] };
  for (const key of Object.keys(middle) as (keyof T)[]) {
    const values = rows.map((row) => row[key]).filter((value) => typeof value === "number");
    if (values.length === rows.length) Object.assign(middle, { [key]: median(values) });
  }
  return middle;
}
