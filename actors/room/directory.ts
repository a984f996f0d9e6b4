import { LRUCache } from "lru-cache";
import { z } from "zod";
import type { Bus, Subscription } from "actors/bus/bus.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { RoomStore } from "storage/storage.ts";
import { IdFilter, type ReadMarks } from "actors/lookup/id_filter.ts";

const CLOSED_MAX = 100_000;
const ONLINE_MAX = 20_000;
const Counted = z.object({ online: z.int().nonnegative() });
const decoder = new TextDecoder();

/**
 * What this node knows of rooms without asking the database: which ids exist at all, and which lately known ones have
 * ended or were deleted. A flood of unknown or ended ids is answered from here.
 */
export class RoomDirectory {
  readonly ids = new IdFilter();
  readonly #closed = new LRUCache<string, "ended" | "deleted">({ max: CLOSED_MAX });
  readonly #online = new LRUCache<string, number>({ max: ONLINE_MAX });

  /** Reads every id once; until it is done nothing is refused. Rooms opened meanwhile come in by `opened`. */
  fill(store: Pick<RoomStore, "states">, signal: AbortSignal): Promise<void> {
    return this.ids.fill(this.#reading(store), signal);
  }

  /** As `fill`, and then from time to time anew. */
  fillDaily(store: Pick<RoomStore, "states">, clock: Clock, signal: AbortSignal): Promise<void> {
    return this.ids.fillDaily(this.#reading(store), clock, signal);
  }

  /** As `fill`, but other nodes open rooms too. */
  follow(store: Pick<RoomStore, "states">, clock: Clock, signal: AbortSignal): Promise<void> {
    return this.ids.follow(this.#reading(store), clock, signal);
  }

  #reading(store: Pick<RoomStore, "states">): ReadMarks {
    return async ({ after, limit }) => {
      const page = await store.states({ after: after.id, limit });
      for (const { id, state } of page) if (state !== "live") this.#closed.set(id, state);
      return page.map(({ id }) => ({ id, at: after.at }));
    };
  }

  opened(id: string): void {
    this.ids.add(id);
  }

  closed(id: string, state: "ended" | "deleted"): void {
    this.#closed.set(id, state);
  }

  /** Viewers of a room, for lists of rooms; the room itself knows better. */
  onlineOf(id: string): number {
    return this.#online.get(id) ?? 0;
  }

  counted(id: string, online: number): void {
    if (online === 0) this.#online.delete(id);
    else this.#online.set(id, online);
  }

  /**
   * Hears the counts of rooms that other nodes own, and of rooms they open: a node whose clock is behind makes ids that
   * `follow` takes for long known. A count lost here is mended by the next one.
   */
  listen(bus: Bus): Omit<Subscription, "drain"> {
    const counts = bus.subscribe("barrage.v1.evt.room.*.counted", ({ subject, data }) => {
      const room = subject.split(".")[4];
      const body = Counted.safeParse(JSON.parse(decoder.decode(data)));
      if (room !== undefined && body.success) this.counted(room, body.data.online);
    });
    const openings = bus.subscribe("barrage.v1.evt.room.*.opened", ({ subject }) => {
      const room = subject.split(".")[4];
      if (room !== undefined) this.opened(room);
    });
    return {
      ready: Promise.all([counts.ready, openings.ready]).then(() => {}),
      unsubscribe() {
        counts.unsubscribe();
        openings.unsubscribe();
      },
    };
  }

  /** An ended room can still be read; a deleted one is gone for everybody. */
  refuse(id: string, verb: string): BarrageError | undefined {
    if (verb === "create") return undefined;
    const state = this.#closed.get(id);
    if (state === "deleted" || (state === "ended" && (verb === "join" || verb === "say"))) {
      return new BarrageError("gone", state === "ended" ? "The room has ended" : "The room was deleted");
    }
    if (this.ids.refuses(id)) {
      return new BarrageError("not_found", `No room ${id}`);
    }
    return undefined;
  }
}
