import assert from "node:assert/strict";
import { SHARDS, type Storage } from "storage/storage.ts";
import type { OpenStorage } from "./opened.ts";

const TTL_MS = 200;
const LONG_MS = 60_000;

function register(storage: Storage, id: string, ttlMs = LONG_MS) {
  return storage.ownership.register({ id, address: `http://${id}:8080`, version: "1.2.3", ttlMs });
}

async function ids(storage: Storage): Promise<string[]> {
  return (await storage.ownership.nodes()).map(({ id }) => id);
}

export function testOwnership(name: string, open: OpenStorage): void {
  Deno.test(`[D25] ${name}: all shards exist from the start and nobody owns them`, async () => {
    await using opened = await open();
    const shards = await opened.storage.ownership.shards();
    const free = Array.from({ length: SHARDS }, (_, n) => ({ n, owner: undefined, ownerEpoch: 0, epoch: 0 }));
    assert.deepEqual(shards, free);
  });

  Deno.test(`[D26] ${name}: a newer process under the same id ends the older one`, async () => {
    await using opened = await open();
    const { ownership } = opened.storage;
    const old = await register(opened.storage, "a");
    const young = await register(opened.storage, "a");
    assert.equal(young.epoch, old.epoch + 1);
    assert.equal(await ownership.renew("a", old.epoch, LONG_MS), false);
    assert.equal(await ownership.renew("a", young.epoch, LONG_MS), true);
    assert.equal(await ownership.renew("b", 1, LONG_MS), false);
    const [node, ...others] = await ownership.nodes();
    assert(node !== undefined && node.expiresAt >= young.expiresAt);
    assert.deepEqual({ ...node, expiresAt: 0 }, { ...young, expiresAt: 0 });
    assert.deepEqual(others, []);
  });

  Deno.test(`[D27] ${name}: a lease that ran out cannot be renewed`, async () => {
    await using opened = await open();
    const { ownership } = opened.storage;
    const node = await register(opened.storage, "a", TTL_MS);
    await register(opened.storage, "b");
    assert.equal(await ownership.renew("a", node.epoch, TTL_MS), true);
    assert.deepEqual(await ids(opened.storage), ["a", "b"]);
    await opened.outlive(TTL_MS);
    assert.deepEqual(await ids(opened.storage), ["b"]);
    assert.equal(await ownership.renew("a", node.epoch, TTL_MS), false);
    assert.equal((await register(opened.storage, "a")).epoch, node.epoch + 1);
  });

  Deno.test(`[D28] ${name}: unregistering ends the lease at once, of that process only`, async () => {
    await using opened = await open();
    const { ownership } = opened.storage;
    const old = await register(opened.storage, "a");
    const young = await register(opened.storage, "a");
    await ownership.unregister("a", old.epoch);
    assert.deepEqual(await ids(opened.storage), ["a"]);
    await ownership.unregister("a", young.epoch);
    assert.deepEqual(await ids(opened.storage), []);
    assert.equal(await ownership.renew("a", young.epoch, LONG_MS), false);
    assert.equal((await register(opened.storage, "a")).epoch, young.epoch + 1);
  });

  Deno.test(`[D29] ${name}: a shard with a living owner cannot be claimed`, async () => {
    await using opened = await open();
    const { ownership } = opened.storage;
    const [a, b] = [await register(opened.storage, "a"), await register(opened.storage, "b")];
    assert.deepEqual(await ownership.claim(a, [3, 1]), new Map([[1, 1], [3, 1]]));
    assert.deepEqual(await ownership.claim(a, [1, 2]), new Map([[2, 1]]));
    assert.deepEqual(await ownership.claim(b, [1, 2, 3, 4]), new Map([[4, 1]]));
    assert.deepEqual(await ownership.claim(b, []), new Map());
    const shards = await ownership.shards();
    assert.deepEqual(shards[3], { n: 3, owner: "a", ownerEpoch: a.epoch, epoch: 1 });
    assert.deepEqual(shards[5], { n: 5, owner: undefined, ownerEpoch: 0, epoch: 0 });
  });

  Deno.test(`[D30] ${name}: a released shard is free and its epoch goes on`, async () => {
    await using opened = await open();
    const { ownership } = opened.storage;
    const [a, b] = [await register(opened.storage, "a"), await register(opened.storage, "b")];
    await ownership.claim(a, [1, 2, 3]);
    await ownership.release(b, [1]);
    await ownership.release({ ...a, epoch: a.epoch + 1 }, [1]);
    await ownership.release(a, [2, 3]);
    assert.deepEqual(await ownership.claim(b, [1, 2]), new Map([[2, 2]]));
    assert.deepEqual((await ownership.shards())[3], { n: 3, owner: undefined, ownerEpoch: 0, epoch: 1 });
    assert.deepEqual(await ownership.claim(a, [3]), new Map([[3, 2]]));
  });

  Deno.test(`[D48] ${name}: an owner makes a shard over to a living node, once, and only what it owns`, async () => {
    await using opened = await open();
    const { ownership } = opened.storage;
    const [a, b] = [await register(opened.storage, "a"), await register(opened.storage, "b")];
    await ownership.claim(a, [1, 2]);
    assert.equal(await ownership.transfer(a, { n: 1, epoch: 1 }, b), 2);
    const shards = await ownership.shards();
    assert.deepEqual(shards[1], { n: 1, owner: "b", ownerEpoch: b.epoch, epoch: 2 });
    assert.equal(await ownership.transfer(a, { n: 1, epoch: 2 }, b), undefined, "not the owner");
    assert.equal(await ownership.transfer(a, { n: 2, epoch: 7 }, b), undefined, "another epoch");
    assert.equal(await ownership.transfer({ ...a, epoch: a.epoch + 1 }, { n: 2, epoch: 1 }, b), undefined);
    assert.equal(await ownership.transfer(a, { n: 2, epoch: 1 }, { ...b, epoch: b.epoch + 1 }), undefined);
    await ownership.unregister("b", b.epoch);
    assert.equal(await ownership.transfer(a, { n: 2, epoch: 1 }, b), undefined, "to the dead");
    assert.deepEqual((await ownership.shards())[2], { n: 2, owner: "a", ownerEpoch: a.epoch, epoch: 1 });
  });

  Deno.test(`[D31] ${name}: the shards of a dead owner are free: lease over, unregistered, or a newer process`, async () => {
    await using opened = await open();
    const { ownership } = opened.storage;
    const expired = await register(opened.storage, "expired", TTL_MS);
    const gone = await register(opened.storage, "gone");
    const replaced = await register(opened.storage, "replaced");
    const alive = await register(opened.storage, "alive");
    for (const [shard, node] of [expired, gone, replaced, alive].entries()) {
      assert.deepEqual(await ownership.claim(node, [shard]), new Map([[shard, 1]]));
    }
    await opened.outlive(TTL_MS);
    await ownership.unregister("gone", gone.epoch);
    const newer = await register(opened.storage, "replaced");
    assert.deepEqual(await ownership.claim(newer, [0, 1, 2, 3]), new Map([[0, 2], [1, 2], [2, 2]]));
  });

  Deno.test(`[D32] ${name}: a node whose own lease is over claims nothing`, async () => {
    await using opened = await open();
    const { ownership } = opened.storage;
    const expired = await register(opened.storage, "expired", TTL_MS);
    const old = await register(opened.storage, "replaced");
    await register(opened.storage, "replaced");
    await opened.outlive(TTL_MS);
    assert.deepEqual(await ownership.claim(expired, [1]), new Map());
    assert.deepEqual(await ownership.claim(old, [1]), new Map());
    assert.deepEqual(await ownership.claim({ id: "stranger", epoch: 1 }, [1]), new Map());
  });

  Deno.test(`[D33] ${name}: when nodes race for the same shards, each shard has one winner and one new epoch`, async () => {
    await using opened = await open();
    const storages = [opened.storage, await opened.another(), await opened.another()];
    const all = Array.from({ length: SHARDS }, (_, n) => n);
    for (const round of [1, 2, 3]) {
      const won = await Promise.all(storages.map(async (storage, index) => {
        const node = await register(storage, `n${index}`);
        const wanted = index === 1 ? all.toReversed() : all;
        const halves = [wanted.slice(0, 128), wanted.slice(128)];
        return (await Promise.all(halves.map((half) => storage.ownership.claim(node, half)))).map((
          map,
        ) => [...map]).flat();
      }));
      const claims = won.flat().sort(([a], [b]) => a - b);
      assert.deepEqual(claims, all.map((n) => [n, round]));
      const shards = await opened.storage.ownership.shards();
      for (const [index, mine] of won.entries()) {
        for (const [n] of mine) assert.equal(shards[n]?.owner, `n${index}`);
      }
      for (const { id, epoch } of await opened.storage.ownership.nodes()) {
        await opened.storage.ownership.unregister(id, epoch);
      }
    }
  });
}
