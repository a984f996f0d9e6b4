import { getLogger } from "@logtape/logtape";
import { decodeTime, encodeTime } from "@std/ulid";
import { LRUCache } from "lru-cache";
import { z } from "zod";
import type { Bus, Subscription } from "actors/bus/bus.ts";
import { BarrageError } from "protocol/errors.ts";
import type { Clock } from "actors/runtime/clock.ts";
import type { RoomStore } from "storage/storage.ts";
import { BloomFilter } from "../bloom.ts";

const PAGE = 1_000;
const CLOSED_MAX = 100_000;
const ONLINE_MAX = 20_000;
const Counted = z.object({ online: z.int().nonnegative() });
const decoder = new TextDecoder();
const FOLLOW_MS = 60_000;
/** Ids carry the time of the node that made them, and its clock may be hours off. */
const CLOCKS_DIFFER_MS = 4 * 3_600_000;

const log = getLogger(["barrage", "room"]);

/**
 * What this node knows of rooms without asking the database: which ids exist at all, and which lately known ones have
 * ended or were deleted. A flood of unknown or ended ids is answered from here.
 */
export class RoomDirectory {
  readonly #known = new BloomFilter();
  readonly #closed = new LRUCache<string, "ended" | "deleted">({ max: CLOSED_MAX });
  readonly #online = new LRUCache<string, number>({ max: ONLINE_MAX });
  /** Every room whose id was made before this moment is known here. */
  #certainUntil = -Infinity;

  /** Reads every id once; until it is done nothing is refused. Rooms opened meanwhile come in by `opened`. */
  async fill(store: Pick<RoomStore, "states">, signal: AbortSignal): Promise<void> {
    if (await this.#read(store, undefined, signal)) this.#certainUntil = Infinity;
  }

  /**
   * As `fill`, but other nodes open rooms too: reads on for what is new. An id younger than the last look is never
   * refused, with a margin for clocks that differ.
   */
  async follow(store: Pick<RoomStore, "states">, clock: Clock, signal: AbortSignal): Promise<void> {
    let from: string | undefined;
    while (!signal.aborted) {
      const now = clock.now();
      try {
        if (await this.#read(store, from, signal)) {
          this.#certainUntil = now - CLOCKS_DIFFER_MS;
          from = `${encodeTime(Math.max(0, this.#certainUntil), 10)}${"0".repeat(16)}`;
        }
      } catch (error) {
        log.warn("Cannot read new rooms; young ids will be looked up: {error}", { error });
      }
      await pause(clock, FOLLOW_MS, signal);
    }
  }

  /** False when it was ended before it was through. */
  async #read(
    store: Pick<RoomStore, "states">,
    from: string | undefined,
    signal: AbortSignal,
  ): Promise<boolean> {
    let after = from;
    while (!signal.aborted) {
      const page = await store.states({ ...(after === undefined ? {} : { after }), limit: PAGE });
      for (const { id, state } of page) {
        this.#known.add(id);
        if (state !== "live") this.#closed.set(id, state);
      }
      if (page.length < PAGE) return true;
      after = page.at(-1)!.id;
    }
    return false;
  }

  opened(id: string): void {
    this.#known.add(id);
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
    if (madeAt(id) < this.#certainUntil && !this.#known.mayHave(id)) {
      return new BarrageError("not_found", `No room ${id}`);
    }
    return undefined;
  }
}

function madeAt(ulid: string): number {
  try {
    return decodeTime(ulid);
  } catch {
    // Not a ULID: no room has such an id, whenever it was made.
    return -Infinity;
  }
}

function pause(clock: Clock, ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const cancel = clock.after(ms, resolve);
    signal.addEventListener("abort", () => {
      cancel();
      resolve();
    }, { once: true });
  });
}
