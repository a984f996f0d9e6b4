import assert from "node:assert/strict";
import type { CardChange } from "storage/card_storage.ts";
import { FencedError } from "storage/storage.ts";
import { account, accountFence, accountId, createAccounts } from "./account_records.ts";
import type { OpenStorage } from "./opened.ts";
import { createRooms, fence, room, roomId } from "./records.ts";

export function testCards(name: string, open: OpenStorage): void {
  Deno.test(`[LK21] ${name}: cards are read many at a time, with their versions; what there is not is missing`, async () => {
    await using opened = await open();
    const { cards, rooms, accounts, lane } = opened.storage;
    await createRooms(opened.storage, 1, 2);
    await createAccounts(opened.storage, 1);
    await lane.commit(fence(2), [rooms.update(roomId(2), { title: "Renamed" })]);
    const found = await cards.read("room", [roomId(2), roomId(9), roomId(1)]);
    assert.deepEqual([...found.keys()].sort(), [roomId(1), roomId(2)]);
    const { mutes: _mutes, head: _head, total: _total, ...shown } = room(1);
    assert.deepEqual(found.get(roomId(1)), { version: 1, value: shown });
    assert.deepEqual([found.get(roomId(2))?.version, found.get(roomId(2))?.value.title], [2, "Renamed"]);
    await lane.commit(accountFence(1), [
      accounts.update(accountId(1), { bio: "Me", avatarUrl: "https://a.b/c" }),
    ]);
    const user = (await cards.read("user", [accountId(1)])).get(accountId(1))!;
    const { login, createdAt } = account(1);
    assert.equal(user.version, 2);
    assert.deepEqual(
      [user.value.login, user.value.bio, user.value.bioFor, user.value.avatarUrl, user.value.createdAt],
      [login, "Me", "everyone", "https://a.b/c", createdAt],
    );
    assert.equal((await cards.read("user", [])).size, 0);
  });

  Deno.test(`[LK22] ${name}: each change of a card raises its version and leaves a row; what no card shows does not`, async () => {
    await using opened = await open();
    const { changes, rooms, accounts, lane } = opened.storage;
    const told: CardChange[] = [];
    const unwatch = changes.watch((change) => told.push(change));
    await createRooms(opened.storage, 1);
    await createAccounts(opened.storage, 1);
    await lane.commit(fence(1), [rooms.update(roomId(1), { mutes: [] })]);
    await lane.commit(accountFence(1), [
      accounts.update(accountId(1), { password: "hash", role: "operator" }),
    ]);
    await Promise.all([
      lane.commit(fence(1), [
        rooms.update(roomId(1), { title: "2" }),
        rooms.update(roomId(1), { title: "3" }),
      ]),
      lane.commit(accountFence(1), [
        accounts.update(accountId(1), { state: "removed" }),
        accounts.erase(accountId(1)),
      ]),
    ]);
    const all = [
      ...[1, 2, 3].map((version) => ({ entity: "room" as const, id: roomId(1), version })),
      ...[1, 2, 3].map((version) => ({ entity: "user" as const, id: accountId(1), version })),
    ];
    const order = (a: CardChange, b: CardChange) =>
      a.id < b.id ? -1 : a.id > b.id ? 1 : a.version - b.version;
    assert.deepEqual(told.sort(order), [...all].sort(order));
    assert.deepEqual((await changes.untold(0, 100)).sort(order), [...all].sort(order));
    assert.equal((await changes.untold(60_000, 100)).length, 0);
    assert.equal((await changes.untold(0, 2)).length, 2);
    await changes.settle(all.slice(0, 5));
    await changes.settle(all.slice(0, 5));
    assert.deepEqual(await changes.untold(0, 100), all.slice(5));
    unwatch();
    await lane.commit(fence(1), [rooms.update(roomId(1), { title: "4" })]);
    assert.equal(told.length, 6);
  });

  Deno.test(`[LK22] ${name}: a change that is not committed leaves nothing and is not told`, async () => {
    await using opened = await open();
    const { changes, rooms, lane } = opened.storage;
    await createRooms(opened.storage, 1);
    await changes.settle(await changes.untold(0, 100));
    const told: CardChange[] = [];
    changes.watch((change) => told.push(change));
    await assert.rejects(
      lane.commit(fence(1, 7), [rooms.update(roomId(1), { title: "Zombie" })]),
      FencedError,
    );
    assert.equal(await rooms.create(room(1), 2), false);
    assert.deepEqual([told, await changes.untold(0, 100)], [[], []]);
  });

  Deno.test(`[LK23] ${name}: users are listed in the order in which they came into being, whatever their ids`, async () => {
    await using opened = await open();
    const { cards, accounts } = opened.storage;
    for (const [n, createdAt] of [[5, 100], [1, 300], [3, 200], [2, 200]] as const) {
      await accounts.create(account(n, { createdAt }), 1);
    }
    const first = await cards.users({ after: { id: "", at: -1 }, limit: 2 });
    assert.deepEqual(first, [{ id: accountId(5), at: 100 }, { id: accountId(2), at: 200 }]);
    const rest = await cards.users({ after: first[1]!, limit: 10 });
    assert.deepEqual(rest.map(({ id }) => id), [accountId(3), accountId(1)]);
  });
}
