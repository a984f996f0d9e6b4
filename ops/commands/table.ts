/** Columns as wide as their widest cell; `empty` when there are no rows. */
export function table(
  columns: readonly string[],
  rows: readonly (readonly string[])[],
  empty: string,
): string {
  if (rows.length === 0) return empty;
  const widths = columns.map((name, at) =>
    Math.max(...[name, ...rows.map((row) => row[at] ?? "")].map(width))
  );
  return [columns, ...rows].map((row) =>
    row.map((cell, at) => cell + " ".repeat((widths[at] ?? 0) - width(cell))).join("  ").trimEnd()
  ).join("\n");
}

/** One row for each field. */
export function sheet(fields: Readonly<Record<string, string>>): string {
  const longest = Math.max(...Object.keys(fields).map(width));
  return Object.entries(fields).map(([name, value]) => `${name.padEnd(longest)}  ${value}`.trimEnd()).join(
    "\n",
  );
}

/** To the minute, in UTC. */
export function time(ms: number): string {
  return `${new Date(ms).toISOString().slice(0, 16).replace("T", " ")} UTC`;
}

const WIDE = /[\p{scx=Han}\p{scx=Hangul}\p{scx=Hiragana}\p{scx=Katakana}\p{Emoji_Presentation}]/u;
const segmenter = new Intl.Segmenter(undefined, { granularity: "grapheme" });

/** In the cells of a terminal, where most Chinese characters and emoji take two. */
function width(text: string): number {
  let cells = 0;
  for (const { segment } of segmenter.segment(text)) cells += WIDE.test(segment) ? 2 : 1;
  return cells;
}
