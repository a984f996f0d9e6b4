import assert from "node:assert/strict";
import { openPostgres } from "storage/postgres.ts";
import { someoneWaitsForLock, withTransaction } from "./postgres_transaction.ts";

Deno.test("[D33] postgres: a claim sees an owner who registered after the claim began", async () => {
  await withTransaction(async (url, transaction, observer) => {
    await using storage = await openPostgres({ url });
    const late = await storage.ownership.register({ id: "late", address: "", version: "1", ttlMs: 60_000 });
    await transaction.query("BEGIN");
    await transaction.query("SELECT n FROM shard WHERE n = 1 FOR UPDATE");
    const claim = storage.ownership.claim(late, [1, 2]);
    await someoneWaitsForLock(observer);
    await transaction.query(
      "INSERT INTO node SELECT 'early', 1, '', '1', 0, expires_at FROM node WHERE id = 'late'",
    );
    await transaction.query("UPDATE shard SET owner = 'early', owner_epoch = 1, epoch = 1 WHERE n = 1");
    await transaction.query("COMMIT");
    assert.deepEqual(await claim, new Map([[2, 1]]));
  });
});

Deno.test("[D33] postgres: a claim waits for the owner's renewal under way", async () => {
  await withTransaction(async (url, transaction, observer) => {
    await using storage = await openPostgres({ url });
    const owner = await storage.ownership.register({ id: "owner", address: "", version: "1", ttlMs: 100 });
    const other = await storage.ownership.register({ id: "other", address: "", version: "1", ttlMs: 60_000 });
    assert.deepEqual(await storage.ownership.claim(owner, [1]), new Map([[1, 1]]));
    await transaction.query("BEGIN");
    await transaction.query("UPDATE node SET expires_at = expires_at + 60000 WHERE id = 'owner'");
    await observer.query("SELECT pg_sleep(0.15)");
    const claim = storage.ownership.claim(other, [1]);
    await someoneWaitsForLock(observer);
    await transaction.query("COMMIT");
    assert.deepEqual(await claim, new Map());
  });
});
