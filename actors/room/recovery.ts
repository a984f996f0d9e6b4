import type { Item } from "protocol/items.ts";
import type { Joined, Position } from "protocol/rooms.ts";
import type { RoomStore } from "storage/storage.ts";
import type { RoomLimits } from "./limits.ts";
import type { RecentItems } from "./recent_items.ts";

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
  limits: RoomLimits,
): Promise<Answer> {
  if (resume === undefined) return { recent: memory.tail(limits.recentItems), recovered: false };
  const ahead = resume.offset > head.offset || resume.epoch > head.epoch;
  const missed = head.offset - resume.offset;
  if (!ahead && missed === 0) return { recent: [], recovered: true };
  if (!ahead && missed <= limits.recoverMaxItems) {
    const items = memory.after(resume.offset, missed) ??
      await readAfter(store, head.id, resume.offset, missed);
    if (items.length === missed && items[0]!.offset === resume.offset + 1) {
      return { recent: items, recovered: true };
    }
  }
  const recent = memory.tail(limits.recentItems);
  if (ahead) return { recent, recovered: false };
  const before = memory.totalAt(resume.offset) ??
    (resume.offset === 0 ? 0 : await store.totalAt(head.id, resume.offset));
  if (before === undefined) return { recent, recovered: false };
  const skipped = head.total - before - recent.reduce((sum, { count }) => sum + count, 0);
  return { recent, recovered: false, ...(skipped > 0 ? { dropped: { say: skipped } } : {}) };
}

async function readAfter(
  store: Pick<RoomStore, "itemsAfter">,
  id: string,
  after: number,
  limit: number,
): Promise<Item[]> {
  return (await store.itemsAfter(id, after, limit)).map(({ item }) => item);
}
