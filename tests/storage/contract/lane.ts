import assert from "node:assert/strict";
import { BarrageError } from "protocol/errors.ts";
import { FencedError, type Storage } from "storage/storage.ts";
import { account, accountFence, accountId } from "./account_records.ts";
import type { OpenStorage } from "./opened.ts";
import { createRooms, fence, offsets, room, roomId, say, says } from "./records.ts";

/** For units under test that fail on purpose: how each ended. */
async function outcomes(units: readonly Promise<void>[]): Promise<string[]> {
  const settled = await Promise.allSettled(units);
  return settled.map((unit) => unit.status === "fulfilled" ? "committed" : (unit.reason as Error).name);
}

/** Returns how many items were acknowledged. */
async function appendUntilFenced(
  storage: Storage,
  n: number,
  acknowledged: (head: number) => void,
): Promise<number> {
  for (let head = 0;; head++) {
    try {
      await storage.lane.commit(fence(n), [storage.rooms.append(roomId(n), [say(head + 1)])]);
      acknowledged(head + 1);
    } catch (error) {
      if (error instanceof FencedError) return head;
      throw error;
    }
  }
}

export function testLane(name: string, open: OpenStorage): void {
  Deno.test(`[D13] ${name}: a zombie's unit writes nothing and the units beside it commit`, async () => {
    await using opened = await open();
    const { rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1, 2);
    await rooms.acquire(roomId(1), 2);
    const zombie = lane.commit(fence(1, 1), [
      rooms.append(roomId(1), says(1, 1)),
      rooms.update(roomId(1), { title: "Zombie" }),
    ]);
    const early = lane.commit(fence(2, 2), [rooms.append(roomId(2), says(1, 1))]);
    const owner = lane.commit(fence(1, 2), [rooms.append(roomId(1), says(1, 2))]);
    const other = lane.commit(fence(2, 1), [rooms.append(roomId(2), says(1, 3))]);
    const nobody = lane.commit(fence(9), [rooms.append(roomId(9), says(1, 1))]);
    const ended = await outcomes([zombie, early, owner, other, nobody]);
    assert.deepEqual(ended, ["FencedError", "FencedError", "committed", "committed", "FencedError"]);
    await assert.rejects(zombie, new FencedError(fence(1, 1)));
    assert.deepEqual(await offsets(opened.storage, 1), [1, 2]);
    assert.deepEqual(await offsets(opened.storage, 2), [1, 2, 3]);
    assert.deepEqual(await offsets(opened.storage, 9), []);
    assert.deepEqual(await rooms.read(roomId(1)), room(1));
    assert.deepEqual(lane.stats, { transactions: 1, units: 2, waiting: 0, fenced: 3, failed: 0, refused: 0 });
  });

  Deno.test(`[D47] ${name}: once a room is acquired nothing of an older epoch is added any more`, async () => {
    await using opened = await open();
    const [zombie, owner] = [opened.storage, await opened.another()];
    const numbers = Array.from({ length: 30 }, (_, index) => index + 1);
    await createRooms(zombie, ...numbers);
    await Promise.all(numbers.map(async (n) => {
      const running = Promise.withResolvers<void>();
      const fenced = appendUntilFenced(zombie, n, (head) => head === n % 7 + 1 && running.resolve());
      await running.promise;
      await owner.rooms.acquire(roomId(n), 2);
      const seen = await offsets(owner, n);
      const acknowledged = await fenced;
      assert.deepEqual(await offsets(owner, n), seen);
      assert.equal(acknowledged, seen.length);
    }));
  });

  Deno.test(`[D96] ${name}: a fence is that of its noun, and units of all nouns commit together`, async () => {
    await using opened = await open();
    const { accounts, rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1, 2);
    await accounts.create(account(1), 1);
    await accounts.create(account(2, { id: roomId(2) }), 7); // both nouns have this id
    const ended = await outcomes([
      lane.commit(fence(1), [rooms.update(roomId(1), { title: "Changed" })]),
      lane.commit(accountFence(1), [accounts.update(accountId(1), { name: "Changed" })]),
      lane.commit({ ...fence(1), noun: "account" }, []),
      lane.commit({ ...accountFence(1), noun: "room" }, []),
      lane.commit(fence(2, 1), []),
      lane.commit(fence(2, 7), []),
      lane.commit({ ...fence(2, 1), noun: "account" }, []),
      lane.commit({ ...fence(2, 7), noun: "account" }, []),
    ]);
    const [committed, fenced] = ["committed", "FencedError"];
    assert.deepEqual(ended, [
      ...[committed, committed, fenced, fenced],
      ...[committed, fenced, fenced, committed],
    ]);
    assert.equal(lane.stats.transactions, 1);
    assert.equal((await rooms.read(roomId(1)))?.title, "Changed");
    assert.equal((await accounts.read(accountId(1)))?.name, "Changed");
  });

  Deno.test(`[D14] ${name}: a unit without writes tells whether the fence still holds`, async () => {
    await using opened = await open();
    const { rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1);
    await lane.commit(fence(1), []);
    await rooms.acquire(roomId(1), 2);
    await assert.rejects(lane.commit(fence(1), []), FencedError);
  });

  Deno.test(`[D15] ${name}: a unit that fails is undone as a whole and harms no other`, async () => {
    await using opened = await open();
    const { rooms, lane } = opened.storage;
    const numbers = Array.from({ length: 20 }, (_, index) => index + 1);
    await createRooms(opened.storage, ...numbers);
    await lane.commit(fence(7), [rooms.append(roomId(7), says(1, 1))]);
    const units = numbers.map((n) =>
      lane.commit(fence(n), [
        rooms.update(roomId(n), { title: "Changed" }),
        rooms.append(roomId(n), [say(1), say(2)]), // offset 1 is taken in room 7
      ])
    );
    const ended = await outcomes(units);
    assert.deepEqual(numbers.filter((_, index) => ended[index] !== "committed"), [7]);
    for (const n of numbers) {
      assert.deepEqual(await offsets(opened.storage, n), n === 7 ? [1] : [1, 2]);
      assert.equal((await rooms.read(roomId(n)))?.title, n === 7 ? "Room 7" : "Changed");
    }
    assert.equal(lane.stats.failed, 1);
    assert.equal(lane.stats.units, 20);
  });

  Deno.test(`[D16] ${name}: changes of a room take effect in the order they were given`, async () => {
    await using opened = await open();
    const { rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1, 2, 3);
    await Promise.all([
      lane.commit(fence(1), [rooms.append(roomId(1), says(1, 2)), rooms.erase(roomId(1))]),
      lane.commit(fence(2), [rooms.append(roomId(2), says(1, 2))]),
      lane.commit(fence(1), [rooms.append(roomId(1), says(3, 4))]),
      lane.commit(fence(2), [rooms.trim(roomId(2), 2, 2, 2), rooms.append(roomId(2), says(3, 3))]),
      lane.commit(fence(3), [rooms.update(roomId(3), { title: "First" })]),
      lane.commit(fence(3), [
        rooms.update(roomId(3), { title: "Second" }),
        rooms.append(roomId(3), says(1, 1)),
      ]),
      lane.commit(fence(3), [rooms.erase(roomId(3))]),
    ]);
    assert.equal(lane.stats.transactions, 1);
    assert.deepEqual(await offsets(opened.storage, 1), [3, 4]);
    assert.deepEqual(await offsets(opened.storage, 2), [2, 3]);
    assert.deepEqual(await offsets(opened.storage, 3), []);
    assert.equal((await rooms.read(roomId(3)))?.title, "Second");
  });

  Deno.test(`[D17] ${name}: what waits is committed together, up to a bound`, async () => {
    await using opened = await open({ transactionUnits: 40 });
    const { rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1);
    const units = Array.from(
      { length: 100 },
      (_, index) => lane.commit(fence(1), [rooms.append(roomId(1), says(index * 10 + 1, index * 10 + 10))]),
    );
    assert.equal(lane.stats.waiting, 100);
    await Promise.all(units);
    assert.deepEqual(lane.stats, {
      transactions: 3,
      units: 100,
      waiting: 0,
      fenced: 0,
      failed: 0,
      refused: 0,
    });
    assert.deepEqual(await rooms.itemsAfter(roomId(1), 0, 1_000), says(1, 1_000));
  });

  Deno.test(`[D126] ${name}: units of one fence take effect in their order, also beside a transaction that fails`, async () => {
    await using opened = await open({ transactionUnits: 100 });
    const { rooms, lane } = opened.storage;
    const numbers = Array.from({ length: 60 }, (_, index) => index + 1);
    await createRooms(opened.storage, ...numbers);
    await lane.commit(fence(60), [rooms.append(roomId(60), says(1, 1))]);
    // The first hundred are tried again in parts, as one of them cannot be stored, while others commit.
    const units = [1, 2, 3, 4, 5, 6].flatMap((offset) =>
      numbers.map((n) =>
        lane.commit(fence(n), [
          rooms.update(roomId(n), { title: `${offset}` }),
          rooms.append(roomId(n), says(offset, offset)),
        ])
      )
    );
    const failed = (await outcomes(units)).flatMap((end, at) => end === "committed" ? [] : [at]);
    assert.deepEqual(failed, [59]);
    for (const n of numbers) {
      assert.deepEqual(await offsets(opened.storage, n), [1, 2, 3, 4, 5, 6]);
      assert.equal((await rooms.read(roomId(n)))?.title, "6");
    }
  });

  Deno.test(`[D18] ${name}: more rows than one statement can take are one unit still`, async () => {
    await using opened = await open();
    const { rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1);
    await lane.commit(fence(1), [rooms.append(roomId(1), says(1, 10_000))]);
    assert.equal(await rooms.totalAt(roomId(1), 10_000), 10_000);
    await assert.rejects(lane.commit(fence(1), [rooms.append(roomId(1), [...says(10_001, 20_000), say(1)])]));
    assert.equal(await rooms.totalAt(roomId(1), 20_000), 10_000);
  });

  Deno.test(`[D19] ${name}: over the bound the newest unit is refused at once and counted`, async () => {
    await using opened = await open({ maxWaiting: 3 });
    const { rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1);
    const accepted = [1, 2, 3].map((n) => lane.commit(fence(1), [rooms.append(roomId(1), says(n, n))]));
    await assert.rejects(lane.commit(fence(1), [rooms.append(roomId(1), says(4, 4))]), (error) => {
      assert(error instanceof BarrageError);
      assert.equal(error.reason, "overloaded");
      assert(error.details.retryAfterMs !== undefined && error.details.retryAfterMs > 0);
      return true;
    });
    await Promise.all(accepted);
    assert.equal(lane.stats.refused, 1);
    assert.deepEqual(await offsets(opened.storage, 1), [1, 2, 3]);
    await lane.commit(fence(1), [rooms.append(roomId(1), says(4, 4))]);
  });

  Deno.test(`[D20] ${name}: disposing commits what was accepted, then refuses`, async () => {
    await using opened = await open({ transactionUnits: 2 });
    const { rooms, lane } = opened.storage;
    const observer = await opened.another();
    await createRooms(opened.storage, 1);
    const accepted = [1, 2, 3, 4, 5].map((n) => lane.commit(fence(1), [rooms.append(roomId(1), says(n, n))]));
    const disposing = lane[Symbol.asyncDispose]();
    await assert.rejects(lane.commit(fence(1), []), { name: "BarrageError", reason: "unavailable" });
    await disposing;
    await Promise.all(accepted);
    assert.deepEqual(await offsets(observer, 1), [1, 2, 3, 4, 5]);
  });
}
