import { deepEqual, equal, rejects } from "node:assert/strict";
import { DEFAULT_ROOM_SETTINGS } from "protocol/rooms.ts";
import { MemoryCache } from "storage/cache/memory.ts";
import { CachedRoomList } from "storage/cache/room_list.ts";
import { openSqlite } from "storage/sqlite.ts";
import type { ListedRoom, RoomStore } from "storage/storage.ts";

type Page = Parameters<RoomStore["list"]>[0];

/** A store that counts what it is asked, and may be held or gone. */
class CountedStore implements Pick<RoomStore, "list"> {
  reads = 0;
  held: Promise<void> | undefined;
  gone = false;

  constructor(readonly rooms: RoomStore) {}

  async list(page: Page): Promise<ListedRoom[]> {
    this.reads++;
    const records = await this.rooms.list(page);
    await this.held;
    if (this.gone) throw new Error("The store is gone");
    return records;
  }
}

interface Stage extends AsyncDisposable {
  readonly store: CountedStore;
  /** Two nodes with one cache. */
  readonly a: CachedRoomList;
  readonly b: CachedRoomList;
  readonly cache: MemoryCache;
  advance(ms: number): void;
  /** Opens a room without telling anybody. */
  open(title: string): Promise<void>;
}

async function openStage(): Promise<Stage> {
  const storage = await openSqlite({ path: ":memory:" });
  let now = 0;
  let made = 0;
  const monotonic = () => now;
  const cache = new MemoryCache(monotonic);
  const store = new CountedStore(storage.rooms);
  return {
    store,
    cache,
    a: new CachedRoomList(store, cache, monotonic),
    b: new CachedRoomList(store, cache, monotonic),
    advance: (ms) => now += ms,
    async open(title) {
      const id = `01JD3Y4B6V8Q2Z5K7M9N0P${String(made++).padStart(4, "0")}`;
      const owner = { id: "01JD3Y4B6V8Q2Z5K7M9N0P1R2S", name: "Olga" };
      const state = made % 2 === 0 ? { state: "live" as const } : { state: "ended" as const, endedAt: 2 };
      const room = {
        id,
        title,
        owner,
        settings: DEFAULT_ROOM_SETTINGS,
        moderators: [],
        mutes: [],
        createdAt: 1,
        head: 0,
        total: 0,
        ...state,
      };
      await storage.rooms.create(room, 1);
    },
    [Symbol.asyncDispose]: () => storage[Symbol.asyncDispose](),
  };
}

Deno.test("[E18] all who ask for the newest rooms at a time get them by one read, whatever page size they want", async () => {
  await using stage = await openStage();
  const { a, b, store, open } = stage;
  for (let n = 0; n < 5; n++) await open(`Room ${n}`);
  const pages = await Promise.all(Array.from({ length: 50 }, (_, n) => a.list({ limit: n + 1 })));
  equal(store.reads, 1);
  const whole = await store.rooms.list({ limit: 101 });
  for (const [n, page] of pages.entries()) deepEqual(page, whole.slice(0, n + 1));
  deepEqual(await b.list({ limit: 101 }), whole);
  equal(store.reads, 1);
  deepEqual(await a.list({ state: "ended", limit: 9 }), whole.filter(({ state }) => state === "ended"));
  equal(store.reads, 2);
});

Deno.test("[E18] a list is at most a second old", async () => {
  await using stage = await openStage();
  const { a, b, open, advance } = stage;
  await a.list({ limit: 9 });
  await open("New");
  advance(499);
  deepEqual(await b.list({ limit: 9 }), []);
  advance(499);
  deepEqual(await b.list({ limit: 9 }), []);
  advance(2);
  equal((await b.list({ limit: 9 }))[0]?.title, "New");
});

Deno.test("[E18] who changed a room through a node sees it there at once, though a list was just being read", async () => {
  await using stage = await openStage();
  const { a, store, open } = stage;
  const { promise, resolve } = Promise.withResolvers<void>();
  store.held = promise;
  const early = a.list({ limit: 9 });
  while (store.reads === 0) await Promise.resolve();
  await open("New");
  await a.changed();
  store.held = undefined;
  equal((await a.list({ limit: 9 }))[0]?.title, "New");
  resolve();
  await early;
  equal((await a.list({ limit: 9 }))[0]?.title, "New");
  equal((await stage.b.list({ limit: 9 }))[0]?.title, "New");
});

Deno.test("[E18] who changed a room sees it through that node, though another puts an older list into the cache", async () => {
  await using stage = await openStage();
  const { a, b, store, open, advance } = stage;
  const { promise, resolve } = Promise.withResolvers<void>();
  store.held = promise;
  const early = b.list({ limit: 9 });
  while (store.reads === 0) await Promise.resolve();
  await open("New");
  await a.changed();
  store.held = undefined;
  equal((await a.list({ limit: 9 }))[0]?.title, "New");
  advance(499);
  resolve();
  await early;
  advance(1);
  equal((await a.list({ limit: 9 }))[0]?.title, "New");
});

Deno.test("[E18] later pages come from the store", async () => {
  await using stage = await openStage();
  const { a, store, open } = stage;
  for (let n = 0; n < 3; n++) await open(`Room ${n}`);
  const before = (await a.list({ limit: 1 }))[0]!.id;
  equal((await a.list({ before, limit: 9 })).length, 2);
  equal((await a.list({ before, limit: 9 })).length, 2);
  equal(store.reads, 3);
});

Deno.test("[E18] a read that failed is told to who waited for it, and not kept", async () => {
  await using stage = await openStage();
  const { a, store } = stage;
  store.gone = true;
  await Promise.all([rejects(a.list({ limit: 9 })), rejects(a.list({ limit: 9 }))]);
  store.gone = false;
  deepEqual(await a.list({ limit: 9 }), []);
  equal(store.reads, 2);
});

Deno.test("[E18] what another program left in the cache is read anew", async () => {
  await using stage = await openStage();
  for (const text of ["", "{", "null", '[{"id":"x"}]']) {
    await stage.a.changed();
    await stage.cache.set("rooms:2:all", text, 60_000);
    deepEqual(await stage.a.list({ limit: 9 }), []);
  }
  equal(stage.store.reads, 4);
});
