import assert from "node:assert/strict";
import { setImmediate } from "node:timers/promises";
import type { Revocation, RevocationStore } from "storage/account_storage.ts";
import { accountFence, createAccounts, T } from "./account_records.ts";
import type { OpenStorage } from "./opened.ts";

/** Asks, as a node does, for what is newer than the newest it has, until it has `count`. */
async function follow(revocations: RevocationStore, count: number): Promise<Revocation[]> {
  const seen: Revocation[] = [];
  for (const deadline = performance.now() + 10_000; seen.length < count;) {
    assert(performance.now() < deadline, `${seen.length} of ${count} came in time`);
    await setImmediate(); // an embedded database answers without ever yielding to the event loop
    seen.push(...await revocations.after(seen.at(-1)?.n ?? 0, T, 7));
  }
  return seen;
}

export function testRevocations(name: string, open: OpenStorage): void {
  Deno.test(`[D85] ${name}: revocations are read in the order of their numbers, while they are of interest`, async () => {
    await using opened = await open();
    const { sessions, revocations, lane } = opened.storage;
    await createAccounts(opened.storage, 1);
    await lane.commit(accountFence(1), [sessions.end(["b"], T + 10), sessions.end(["a"], T + 5)]);
    const first = await revocations.after(0, T, 10);
    assert.deepEqual(first, [{ id: "a", until: T + 5, n: 1 }, { id: "b", until: T + 10, n: 2 }]);
    await lane.commit(accountFence(1), [sessions.end(["0"], T + 10)]);
    assert.deepEqual(await revocations.after(2, T, 10), [{ id: "0", until: T + 10, n: 3 }]);
    assert.deepEqual((await revocations.after(0, T + 5, 1)).map(({ id }) => id), ["b"]);
    assert.deepEqual(await revocations.after(3, T, 10), []);
  });

  Deno.test(`[D86] ${name}: a revocation that is prolonged is new to its readers, a shorter one is nothing`, async () => {
    await using opened = await open();
    const { sessions, revocations, lane } = opened.storage;
    await createAccounts(opened.storage, 1);
    await lane.commit(accountFence(1), [sessions.end(["a", "b", "a"], T + 5)]);
    assert.equal((await revocations.after(0, T, 10)).length, 2);
    await lane.commit(accountFence(1), [sessions.end(["a"], T + 5), sessions.end(["b"], T + 4)]);
    assert.deepEqual(await revocations.after(2, T, 10), []);
    await lane.commit(accountFence(1), [sessions.end(["a"], T + 6)]);
    assert.deepEqual(await revocations.after(2, T, 10), [{ id: "a", until: T + 6, n: 3 }]);
  });

  Deno.test(`[D87] ${name}: nodes that revoke and follow at once all see the same, and all of it`, async () => {
    await using opened = await open();
    const nodes = [opened.storage, await opened.another(), await opened.another()];
    const [accounts, rounds] = [6, 15];
    await createAccounts(opened.storage, ...Array.from({ length: accounts }, (_, n) => n));
    const revoking = Array.from({ length: accounts }, async (_, n) => {
      const node = nodes[n % nodes.length] ?? opened.storage;
      for (let round = 0; round < rounds; round++) {
        await node.lane.commit(accountFence(n), [node.sessions.end([`${n} ${round}`], T + 5)]);
      }
    });
    const following = nodes.map(({ revocations }) => follow(revocations, accounts * rounds));
    const [[first = [], ...others]] = await Promise.all([Promise.all(following), Promise.all(revoking)]);
    assert.equal(new Set(first.map(({ id }) => id)).size, accounts * rounds);
    for (const other of others) assert.deepEqual(other, first);
  });

  Deno.test(`[D88] ${name}: revocations are swept when their tokens are over, and numbers never begin again`, async () => {
    await using opened = await open();
    const { sessions, revocations, lane } = opened.storage;
    await createAccounts(opened.storage, 1);
    await lane.commit(accountFence(1), [sessions.end(["a", "b", "c"], T + 5), sessions.end(["d"], T + 9)]);
    assert.equal((await revocations.after(0, T, 10)).at(-1)?.n, 4);
    assert.equal(await revocations.sweep(T, 10), 0);
    assert.equal(await revocations.sweep(T + 6, 2), 2);
    assert.equal(await revocations.sweep(T + 6, 2), 1);
    assert.equal(await revocations.has("a"), false);
    assert.equal(await revocations.has("d"), true);
    assert.equal(await revocations.sweep(T + 10, 2), 1);
    await lane.commit(accountFence(1), [sessions.end(["e"], T + 20)]);
    assert.deepEqual(await revocations.after(4, T, 10), [{ id: "e", until: T + 20, n: 5 }]);
  });
}
