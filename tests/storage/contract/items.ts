import assert from "node:assert/strict";
import type { ItemRecord } from "storage/storage.ts";
import type { OpenStorage } from "./opened.ts";
import { ALICE, createRooms, fence, offsets, room, roomId, say, says } from "./records.ts";

export function testItems(name: string, open: OpenStorage): void {
  Deno.test(`[D7] ${name}: items are read in order, after an offset or from the tail`, async () => {
    await using opened = await open();
    const { rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1, 2);
    await lane.commit(fence(2), [rooms.append(roomId(2), says(1, 3))]);
    await lane.commit(fence(1), [rooms.append(roomId(1), says(1, 12))]);
    assert.deepEqual(await rooms.itemsAfter(roomId(1), 0, 3), says(1, 3));
    assert.deepEqual(await rooms.itemsAfter(roomId(1), 9, 100), says(10, 12));
    assert.deepEqual(await rooms.itemsAfter(roomId(1), 12, 100), []);
    assert.deepEqual(await rooms.itemsTail(roomId(1), 3), says(10, 12));
    assert.deepEqual(await rooms.itemsTail(roomId(2), 100), says(1, 3));
    assert.deepEqual(await rooms.itemsTail(roomId(3), 100), []);
  });

  Deno.test(`[D8] ${name}: every text comes back as it was written`, async () => {
    await using opened = await open();
    const { rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1);
    const texts = [
      "弹幕，你好！𠮷野家",
      "👩‍👩‍👧‍👦🇨🇳❤️",
      "a\u0000b\u0001",
      "lone \ud83d surrogate",
      `quote ' " \\ \n $1 ?`,
      "مرحبا",
    ];
    const items = texts.map((text, index) => say(index + 1, text));
    const merged: ItemRecord = {
      item: {
        kind: "say",
        offset: texts.length + 1,
        id: roomId(7),
        user: ALICE,
        others: [{ id: roomId(8), name: "鲍勃 🐼" }],
        text: "666",
        count: 82,
        style: { color: "#33ccff", position: "top" },
        at: 2 ** 53 - 1,
      },
      total: 2 ** 53 - 1,
      said: [[ALICE.id, "client-1"], [roomId(8), "~!'\""]],
    };
    await lane.commit(fence(1), [rooms.append(roomId(1), [...items, merged])]);
    assert.deepEqual(await rooms.itemsAfter(roomId(1), 0, 100), [...items, merged]);
  });

  Deno.test(`[D9] ${name}: the total at an offset is that of the newest item not after it`, async () => {
    await using opened = await open();
    const { rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1);
    await lane.commit(fence(1), [
      rooms.append(roomId(1), [{ ...say(3), total: 10 }, { ...say(4), total: 92 }, { ...say(6), total: 93 }]),
    ]);
    assert.equal(await rooms.totalAt(roomId(1), 2), undefined);
    assert.equal(await rooms.totalAt(roomId(1), 3), 10);
    assert.equal(await rooms.totalAt(roomId(1), 5), 92);
    assert.equal(await rooms.totalAt(roomId(1), 1_000), 93);
    assert.equal(await rooms.totalAt(roomId(2), 1_000), undefined);
  });

  Deno.test(`[D10] ${name}: trimming removes what is old and remembers head and total`, async () => {
    await using opened = await open();
    const { rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1, 2);
    await lane.commit(fence(2), [rooms.append(roomId(2), says(1, 3))]);
    await lane.commit(fence(1), [rooms.append(roomId(1), says(1, 9))]);
    await lane.commit(fence(1), [rooms.trim(roomId(1), 6, 9, 9)]);
    assert.deepEqual(await offsets(opened.storage, 1), [6, 7, 8, 9]);
    assert.deepEqual(await rooms.read(roomId(1)), room(1, { head: 9, total: 9 }));
    await lane.commit(fence(1), [rooms.trim(roomId(1), 1_000, 9, 9)]);
    assert.deepEqual(await offsets(opened.storage, 1), []);
    await lane.commit(fence(1), [rooms.trim(roomId(1), 1_000, 4, 4)]);
    assert.deepEqual(await rooms.read(roomId(1)), room(1, { head: 9, total: 9 }));
    assert.deepEqual(await offsets(opened.storage, 2), [1, 2, 3]);
  });

  Deno.test(`[D11] ${name}: trimming leaves no hole when a clock once went back`, async () => {
    await using opened = await open();
    const { rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1);
    const items = [[1, 10], [2, 50], [3, 20], [4, 60]].map(([offset = 0, at = 0]) => {
      const record = say(offset);
      return { ...record, item: { ...record.item, at } };
    });
    await lane.commit(fence(1), [rooms.append(roomId(1), items), rooms.trim(roomId(1), 30, 4, 4)]);
    assert.deepEqual(await offsets(opened.storage, 1), [2, 3, 4]);
  });

  Deno.test(`[D12] ${name}: erasing removes every item of the room`, async () => {
    await using opened = await open();
    const { rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1, 2);
    await lane.commit(fence(1), [rooms.append(roomId(1), says(1, 3))]);
    await lane.commit(fence(2), [rooms.append(roomId(2), says(1, 3))]);
    await lane.commit(fence(1), [rooms.erase(roomId(1)), rooms.update(roomId(1), { state: "deleted" })]);
    assert.deepEqual(await offsets(opened.storage, 1), []);
    assert.deepEqual(await offsets(opened.storage, 2), [1, 2, 3]);
  });
}
