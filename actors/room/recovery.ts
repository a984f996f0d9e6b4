import type { Item } from "protocol/items.ts";
import type { Joined, Position } from "protocol/rooms.ts";
import type { RoomStore } from "storage/storage.ts";
import type { RoomLimits } from "./limits.ts";
import type { RecentItems } from "./recent_items.ts";

const PAGE = 1_000;

export interface RoomHead {
  readonly id: string;
  readonly epoch: number;
  /** The last offset and the sum of all counts up to it. */
  readonly offset: number;
  readonly total: number;
}

type Answer = Pick<Joined, "recent" | "recovered" | "dropped">;

/**
 * What a viewer gets who comes back at `resume`: everything after it, or the tail with the exact count of what lies
 * between. Items are published only after they are stored, so the order survives a restart and any earlier epoch is
 * good to resume from; a position ahead of ours is from another history.
 */
export async function recover(
  resume: Position | undefined,
  head: RoomHead,
  memory: RecentItems,
  store: Pick<RoomStore, "itemsAfter" | "totalAt">,
  limits: Pick<RoomLimits, "recentItems" | "recoverMaxItems">,
): Promise<Answer> {
  const tail = memory.tail(limits.recentItems);
  if (resume === undefined || resume.offset > head.offset || resume.epoch > head.epoch) {
    return { recent: tail, recovered: false };
  }
  const missed = head.offset - resume.offset;
  if (missed <= limits.recoverMaxItems) {
    const items = memory.after(resume.offset, missed) ??
      await readAfter(store, head.id, resume.offset, missed);
    if (items.length === missed) return { recent: items, recovered: true };
  }
  const recent = tail.filter(({ offset }) => offset > resume.offset);
  const before = memory.totalAt(resume.offset) ??
    (resume.offset === 0 ? 0 : await store.totalAt(head.id, resume.offset));
  // The history up to there was trimmed away, and its total with it.
  if (before === undefined) return { recent, recovered: recent.length === missed };
  const skipped = head.total - before - recent.reduce((sum, { count }) => sum + count, 0);
  return skipped > 0 ? { recent, recovered: false, dropped: { say: skipped } } : { recent, recovered: true };
}

/** `limit` items that follow `after` without a hole, or fewer when the store no longer has them. */
async function readAfter(
  store: Pick<RoomStore, "itemsAfter">,
  id: string,
  after: number,
  limit: number,
): Promise<Item[]> {
  const items: Item[] = [];
  while (items.length < limit) {
    const page = await store.itemsAfter(id, after + items.length, Math.min(PAGE, limit - items.length));
    if (page[0]?.item.offset !== after + items.length + 1) break;
    for (const { item } of page) items.push(item);
  }
  return items;
}
