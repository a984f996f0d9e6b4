import type { ItemRecord, RoomStore } from "storage/storage.ts";

const PAGE = 1_000;

/**
 * Which client ids were said lately, so that a retry is answered instead of said again. Filled from the stored items
 * when the room starts, so a retry is harmless across a restart too. Bounded by count and age.
 */
export class SaidIds {
  readonly #at = new Map<string, number>();

  constructor(readonly maxCount: number, readonly maxAgeMs: number) {}

  has(user: string, clientId: string): boolean {
    return this.#at.has(`${user} ${clientId}`);
  }

  add(user: string, clientId: string, at: number): void {
    for (const [key, since] of this.#at) {
      if (this.#at.size < this.maxCount && at - since < this.maxAgeMs) break;
      this.#at.delete(key);
    }
    this.#at.set(`${user} ${clientId}`, at);
  }

  /** @param at On the room's own monotonic clock: what stands in an item is the time of whichever node stored it. */
  remember(records: readonly ItemRecord[], at: number): void {
    for (const { said } of records) for (const [user, id] of said) this.add(user, id, at);
  }

  /**
   * Remembers what was said within the age before the newest item, and all of `tail`: the newest items, already read.
   * The clocks of earlier owners may have differed, so nothing is compared with the time here.
   */
  async restore(
    room: string,
    tail: readonly ItemRecord[],
    store: Pick<RoomStore, "itemsAfter">,
    at: number,
  ): Promise<void> {
    const since = (tail.at(-1)?.item.at ?? 0) - this.maxAgeMs;
    const pages = [tail];
    for (let read = tail.length; read < this.maxCount;) {
      const oldest = pages.at(-1)?.[0]?.item;
      if (oldest === undefined || oldest.offset === 1 || oldest.at < since) break;
      const after = Math.max(0, oldest.offset - 1 - PAGE);
      const page = await store.itemsAfter(room, after, oldest.offset - 1 - after);
      pages.push(page);
      read += page.length;
    }
    for (const page of pages.reverse()) this.remember(page, at);
  }
}
