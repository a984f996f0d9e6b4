import assert from "node:assert/strict";
import { FencedError } from "storage/storage.ts";
import type { OpenStorage } from "./opened.ts";
import { createRooms, fence, room, roomId } from "./records.ts";

const SETTINGS = { sayPerSecond: 0.5, sayBurst: 1, textMax: 20, guestsMaySay: false };

export function testRooms(name: string, open: OpenStorage): void {
  Deno.test(`[D1] ${name}: a room is read as it was created`, async () => {
    await using opened = await open();
    const { rooms } = opened.storage;
    const live = room(1, {
      title: "弹幕直播间 🎉👩‍👩‍👧",
      owner: { id: roomId(9), name: "小明" },
      moderators: [roomId(8), roomId(7)],
      mutes: [{ user: roomId(6), until: 2 ** 53 - 1 }],
      settings: SETTINGS,
    });
    const ended = room(2, { state: "ended", endedAt: 1_800_000_000_000, head: 2 ** 53 - 1, total: 2 ** 52 });
    await rooms.create(live, 1);
    await rooms.create(ended, 1);
    assert.deepEqual(await rooms.read(live.id), live);
    assert.deepEqual(await rooms.read(ended.id), ended);
    assert.equal(await rooms.read(roomId(3)), undefined);
  });

  Deno.test(`[D2] ${name}: a room id is given once`, async () => {
    await using opened = await open();
    const { rooms } = opened.storage;
    assert.equal(await rooms.create(room(1), 1), true);
    assert.equal(await rooms.create(room(1, { title: "Another" }), 2), false);
    assert.equal((await rooms.read(roomId(1)))?.title, "Room 1");
  });

  Deno.test(`[D3] ${name}: acquiring raises the fence and never lowers it`, async () => {
    await using opened = await open();
    const { rooms } = opened.storage;
    await createRooms(opened.storage, 1);
    assert.deepEqual(await rooms.acquire(roomId(1), 5), room(1));
    assert.deepEqual(await rooms.acquire(roomId(1), 5), room(1));
    await assert.rejects(rooms.acquire(roomId(1), 4), (error) => {
      assert(error instanceof FencedError);
      assert.deepEqual(error.fence, fence(1, 4));
      return true;
    });
    assert.equal(await rooms.acquire(roomId(2), 1), undefined);
  });

  Deno.test(`[D4] ${name}: rooms are listed newest first, page by page, without the deleted`, async () => {
    await using opened = await open();
    const { rooms } = opened.storage;
    for (const n of [2, 4, 1, 3]) await rooms.create(room(n), 1);
    await rooms.create(room(5, { state: "ended", endedAt: 9 }), 1);
    await rooms.create(room(6, { state: "deleted" }), 1);
    const ids = async (page: Parameters<typeof rooms.list>[0]) =>
      (await rooms.list(page)).map(({ id }) => id);
    assert.deepEqual(await ids({ limit: 3 }), [5, 4, 3].map(roomId));
    assert.deepEqual(await ids({ limit: 3, before: roomId(3) }), [2, 1].map(roomId));
    assert.deepEqual(await ids({ limit: 2, state: "live" }), [4, 3].map(roomId));
    assert.deepEqual(await ids({ limit: 9, state: "ended" }), [roomId(5)]);
    const { mutes: _, ...newest } = room(5, { state: "ended", endedAt: 9 });
    assert.deepEqual((await rooms.list({ limit: 1 }))[0], newest);
  });

  Deno.test(`[D5] ${name}: the states of all rooms are read in the order of their ids`, async () => {
    await using opened = await open();
    const { rooms } = opened.storage;
    await rooms.create(room(3, { state: "deleted" }), 1);
    await rooms.create(room(1), 1);
    await rooms.create(room(2, { state: "ended" }), 1);
    assert.deepEqual(await rooms.states({ limit: 2 }), [
      { id: roomId(1), state: "live" },
      { id: roomId(2), state: "ended" },
    ]);
    assert.deepEqual(await rooms.states({ after: roomId(2), limit: 2 }), [{
      id: roomId(3),
      state: "deleted",
    }]);
  });

  Deno.test(`[D6] ${name}: an update changes what it names and nothing else`, async () => {
    await using opened = await open();
    const { rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1, 2);
    await lane.commit(fence(1), [rooms.update(roomId(1), { title: "New", settings: SETTINGS })]);
    assert.deepEqual(await rooms.read(roomId(1)), room(1, { title: "New", settings: SETTINGS }));
    await lane.commit(fence(1), [
      rooms.update(roomId(1), { state: "ended", endedAt: 7 }),
      rooms.update(roomId(1), {}),
    ]);
    const posts = { moderators: [roomId(8)], mutes: [{ user: roomId(6), until: 5 }] };
    await lane.commit(fence(1), [rooms.update(roomId(1), posts)]);
    const ended = room(1, { title: "New", settings: SETTINGS, state: "ended", endedAt: 7, ...posts });
    assert.deepEqual(await rooms.read(roomId(1)), ended);
    assert.deepEqual(await rooms.read(roomId(2)), room(2));
  });
}
