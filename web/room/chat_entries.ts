import type { SayItem } from "../protocol_types.ts";

export type ChatEntry =
  | { readonly kind: "item"; readonly item: SayItem; readonly own: boolean }
  | { readonly kind: "notice"; readonly text: string };

/** Keeps order; prefers notices and one's own, then what many said, then the newest. */
export function choose(
  entries: readonly ChatEntry[],
  limit: number,
): { kept: readonly ChatEntry[]; leftOut: number } {
  if (entries.length <= limit) return { kept: entries, leftOut: 0 };
  const ranked = entries.map((entry, index) => ({ index, rank: rankOf(entry) }))
    .sort((a, b) => b.rank - a.rank || b.index - a.index).slice(0, limit);
  const kept = ranked.map(({ index }) => index).sort((a, b) => a - b).map((index) => entries[index]!);
  return { kept, leftOut: entries.length - kept.length };
}

function rankOf(entry: ChatEntry): number {
  if (entry.kind === "notice" || entry.own) return Infinity;
  return entry.item.count > 1 ? Math.log2(entry.item.count) : 0;
}
