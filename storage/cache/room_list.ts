import { Assistant } from "protocol/assistants.ts";
import { z } from "zod";
import { Room } from "protocol/rooms.ts";
import type { ListedRoom, RoomStore } from "../storage.ts";
import type { Cache } from "./cache.ts";

/** How long a page is kept by this node, and then by the shared cache: at worst one after the other. */
const KEPT_MS = 500;
/** Longer than a page can stay in the shared cache that was read before a change and put there after it. */
const WARY_MS = 2 * KEPT_MS;
/** The longest page there is, and the one more that says whether another follows. */
const FIRST = 101;

const Records = z.array(
  Room.omit({ online: true, endedAt: true, assistant: true }).extend({
    endedAt: z.exactOptional(z.int()),
    assistant: z.exactOptional(Assistant),
    head: z.int(),
    total: z.int(),
  }),
);

type Page = Parameters<RoomStore["list"]>[0];

const STATES: readonly Page["state"][] = [undefined, "live", "ended"];

interface Kept {
  readonly records: Promise<readonly ListedRoom[]>;
  /** Infinity while it is being read, so that all who ask meanwhile wait for the same. */
  until: number;
}

/**
 * The newest rooms, as everybody asks for them: read once for all who ask at a time, and then again after a second at
 * most. Later pages come from the store. `now`: milliseconds, monotonic.
 */
export class CachedRoomList implements Pick<RoomStore, "list"> {
  readonly #store: Pick<RoomStore, "list">;
  readonly #cache: Cache;
  readonly #now: () => number;
  readonly #kept = new Map<string, Kept>();
  #changes = 0;
  #changedAt = -Infinity;

  constructor(store: Pick<RoomStore, "list">, cache: Cache, now: () => number) {
    this.#store = store;
    this.#cache = cache;
    this.#now = now;
  }

  async list(page: Page): Promise<ListedRoom[]> {
    if (page.before !== undefined || page.limit > FIRST) return await this.#store.list(page);
    const records = await this.#first(page.state).records;
    return records.slice(0, page.limit);
  }

  /**
   * Who changed a room through this node sees it in its next list: for a while this node then reads the store itself,
   * as another node may put an older page into the cache, or the cache be away just now and come back with one.
   */
  async changed(): Promise<void> {
    this.#changes++;
    this.#changedAt = this.#now();
    this.#kept.clear();
    await Promise.all(STATES.map((state) => this.#cache.delete(keyOf(state))));
  }

  #first(state: Page["state"]): Kept {
    const key = keyOf(state);
    const old = this.#kept.get(key);
    if (old !== undefined && old.until > this.#now()) return old;
    const kept: Kept = { records: this.#read(key, state), until: Infinity };
    this.#kept.set(key, kept);
    kept.records.then(
      () => kept.until = this.#now() + KEPT_MS,
      // Those who wait for it are told; who asks next tries again.
      () => kept.until = -Infinity,
    );
    return kept;
  }

  async #read(key: string, state: Page["state"]): Promise<readonly ListedRoom[]> {
    const changes = this.#changes;
    if (this.#now() - this.#changedAt >= WARY_MS) {
      const known = parse(await this.#cache.get(key));
      if (known !== undefined) return known;
    }
    const records = await this.#store.list({ limit: FIRST, ...(state === undefined ? {} : { state }) });
    if (changes === this.#changes) await this.#cache.set(key, JSON.stringify(records), KEPT_MS);
    return records;
  }
}

/** The number changes with the form of the records: nodes of two versions share one cache while they are replaced. */
function keyOf(state: Page["state"]): string {
  return `rooms:2:${state ?? "all"}`;
}

/** Undefined when it is none of ours; it is then read from the store and replaced. */
function parse(text: string | undefined): ListedRoom[] | undefined {
  if (text === undefined) return undefined;
  try {
    return Records.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}
