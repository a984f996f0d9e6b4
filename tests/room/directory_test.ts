import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import { BloomFilter } from "actors/bloom.ts";
import { RoomDirectory } from "actors/room/directory.ts";
import { Ids } from "actors/runtime/ids.ts";
import { DEFAULT_ROOM_SETTINGS } from "protocol/rooms.ts";
import type { RoomStore } from "storage/storage.ts";
import { OWNER, person, ROOM, RoomStage, ulid, viewer } from "tests/support/room_stage.ts";
import { VirtualClock } from "tests/support/virtual_clock.ts";

function newIds(seed: number): Ids {
  let state = seed;
  return new Ids(new VirtualClock(), () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  });
}

function some<T>(n: number, make: () => T): T[] {
  return Array.from({ length: n }, make);
}

Deno.test("[M80] a flood of calls to rooms that never were does not touch the database", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  await process.say(viewer(1), "one");
  const asked = () => process.storage.asked("rooms") + process.storage.asked("lane");
  const before = asked();
  const ids = newIds(1);
  for (const id of some(2_000, () => ids.next())) {
    const room = process.room(viewer(1), id);
    const calls = [
      room.join({}),
      room.say({ text: "hello" }),
      room.info({}),
      room.messages({ after: 0, limit: 9 }),
    ];
    for (const call of calls) await rejects(call, { reason: "not_found" });
  }
  equal(asked(), before);
  equal(process.node.stats()[0]?.active, 1);
});

Deno.test("[M80] a flood of calls to an ended room does not touch the database, also after a restart", async () => {
  const { stage, process } = await RoomStage.withRoom();
  await using _ = stage;
  await process.room(OWNER).update({ state: "ended" });
  for (let life = 0, server = process; life < 2; life++, server = await stage.restart(server)) {
    const before = server.storage.asked("rooms");
    for (let n = 0; n < 500; n++) {
      await rejects(server.room(viewer(n)).join({}), { reason: "gone" });
      await rejects(server.say(viewer(n), "hello"), { reason: "gone" });
    }
    equal(server.storage.asked("rooms"), before);
  }
});

Deno.test("[M81] the directory reads all rooms page by page, and refuses nothing before it has", async () => {
  await using stage = await RoomStage.open();
  const states = ["live", "ended", "deleted"] as const;
  for (let n = 1; n <= 2_500; n++) {
    const room = {
      id: ulid(n),
      title: "Room",
      owner: person(1),
      state: states[n % 3]!,
      settings: DEFAULT_ROOM_SETTINGS,
      moderators: [],
      mutes: [],
      createdAt: 0,
      head: 0,
      total: 0,
    };
    await stage.storage.rooms.create(room, 1);
  }
  const pages: number[] = [];
  const store: Pick<RoomStore, "states"> = {
    async states(page) {
      const rows = await stage.storage.rooms.states(page);
      pages.push(rows.length);
      return rows;
    },
  };
  const directory = new RoomDirectory();
  equal(directory.refuse(ulid(9_999), "join"), undefined);
  const stopped = new AbortController();
  stopped.abort();
  await directory.fill(store, stopped.signal);
  equal(directory.refuse(ulid(9_999), "join"), undefined);
  await directory.fill(store, new AbortController().signal);
  deepEqual(pages, [1_000, 1_000, 500]);
  const verbs = ["join", "say", "info", "messages", "create"];
  for (let n = 1; n <= 2_500; n++) {
    const refused = verbs.filter((verb) => directory.refuse(ulid(n), verb)?.reason === "gone");
    deepEqual(refused, [[], ["join", "say"], ["join", "say", "info", "messages"]][n % 3]);
  }
  equal(directory.refuse(ulid(9_999), "join")?.reason, "not_found");
  equal(directory.refuse(ulid(9_999), "create"), undefined);
});

Deno.test("[M81] a room opened while the directory is read is known", async () => {
  const directory = new RoomDirectory();
  const store: Pick<RoomStore, "states"> = {
    states() {
      directory.opened(ROOM);
      return Promise.resolve([]);
    },
  };
  await directory.fill(store, new AbortController().signal);
  equal(directory.refuse(ROOM, "join"), undefined);
});

Deno.test("[M82] a Bloom filter never denies what was added", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "binary" }), { maxLength: 300 }), (keys) => {
      const filter = new BloomFilter(16);
      for (const key of keys) filter.add(key);
      return keys.every((key) => filter.mayHave(key));
    }),
    { seed: 3 },
  );
});

Deno.test("[M82] a Bloom filter is wrong about fewer than one unknown key in a thousand per layer", () => {
  for (
    const [capacity, keys, layers] of [[1_024, 1_024, 1], [65_536, 65_536, 1], [65_536, 190_000, 2]] as const
  ) {
    const filter = new BloomFilter(capacity);
    const ids = newIds(5);
    for (const id of some(keys, () => ids.next())) filter.add(id);
    const unknown = newIds(6);
    const tries = 100_000;
    const wrong = some(tries, () => unknown.next()).filter((id) => filter.mayHave(id)).length;
    ok(wrong / tries < 0.001 * layers, `${wrong} of ${tries} with ${keys} keys`);
  }
});
