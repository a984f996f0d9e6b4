import type { Item } from "protocol/items.ts";
import type { ItemRecord } from "storage/storage.ts";

/** The newest items of a room, bounded; older ones are read from the store. */
export class RecentItems {
  #records: ItemRecord[] = [];

  constructor(readonly max: number) {}

  push(records: readonly ItemRecord[]): void {
    for (const record of records) this.#records.push(record);
    // Cut in bulk: one copy for every `max` items instead of one for each.
    if (this.#records.length > this.max * 2) this.#records = this.#records.slice(-this.max);
  }

  /** Removes what the store's `trim` removes: everything up to the first item that is young enough. */
  trim(before: number): void {
    const young = this.#records.findIndex(({ item }) => item.at >= before);
    this.#records = young === -1 ? [] : this.#records.slice(young);
  }

  clear(): void {
    this.#records = [];
  }

  get last(): ItemRecord | undefined {
    return this.#records.at(-1);
  }

  tail(limit: number): Item[] {
    const length = Math.min(limit, this.max, this.#records.length);
    return this.#records.slice(this.#records.length - length).map(({ item }) => item);
  }

  /** Items after `offset`, at most `limit`; undefined when memory does not reach back that far. */
  after(offset: number, limit: number): Item[] | undefined {
    const first = this.#records[0];
    if (first === undefined || first.item.offset > offset + 1) return undefined;
    const start = offset + 1 - first.item.offset;
    return this.#records.slice(start, start + limit).map(({ item }) => item);
  }

  /** The running total at `offset`, when memory knows it. */
  totalAt(offset: number): number | undefined {
    const first = this.#records[0];
    if (first === undefined || offset < first.item.offset) return undefined;
    return this.#records[offset - first.item.offset]?.total;
  }
}
