import { LRUCache } from "lru-cache";
import { BarrageError } from "protocol/errors.ts";
import type { RoomStore } from "storage/storage.ts";
import { BloomFilter } from "../bloom.ts";

const PAGE = 1_000;
const CLOSED_MAX = 100_000;
const ONLINE_MAX = 20_000;

/**
 * What this node knows of rooms without asking the database: which ids exist at all, and which lately known ones have
 * ended or were deleted. A flood of unknown or ended ids is answered from here.
 */
export class RoomDirectory {
  readonly #known = new BloomFilter();
  readonly #closed = new LRUCache<string, "ended" | "deleted">({ max: CLOSED_MAX });
  readonly #online = new LRUCache<string, number>({ max: ONLINE_MAX });
  #filled = false;

  /** Reads every id once; until it is done nothing is refused. Rooms opened meanwhile come in by `opened`. */
  async fill(store: Pick<RoomStore, "states">, signal: AbortSignal): Promise<void> {
    let after: string | undefined;
    while (!signal.aborted) {
      const page = await store.states({ ...(after === undefined ? {} : { after }), limit: PAGE });
      for (const { id, state } of page) {
        this.#known.add(id);
        if (state !== "live") this.#closed.set(id, state);
      }
      if (page.length < PAGE) {
        this.#filled = true;
        return;
      }
      after = page.at(-1)!.id;
    }
  }

  opened(id: string): void {
    this.#known.add(id);
  }

  closed(id: string, state: "ended" | "deleted"): void {
    this.#closed.set(id, state);
  }

  /** Viewers of a room this node owns, for lists of rooms; the room itself knows better. */
  onlineOf(id: string): number {
    return this.#online.get(id) ?? 0;
  }

  counted(id: string, online: number): void {
    if (online === 0) this.#online.delete(id);
    else this.#online.set(id, online);
  }

  /** An ended room can still be read; a deleted one is gone for everybody. */
  refuse(id: string, verb: string): BarrageError | undefined {
    if (verb === "create") return undefined;
    const state = this.#closed.get(id);
    if (state === "deleted" || (state === "ended" && (verb === "join" || verb === "say"))) {
      return new BarrageError("gone", state === "ended" ? "The room has ended" : "The room was deleted");
    }
    if (this.#filled && !this.#known.mayHave(id)) return new BarrageError("not_found", `No room ${id}`);
    return undefined;
  }
}
