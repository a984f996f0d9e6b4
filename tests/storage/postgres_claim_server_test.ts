import assert from "node:assert/strict";
// @ts-types="@types/pg"
import pg from "pg";
import { openPostgres } from "storage/postgres.ts";
import { startPostgres } from "tests/support/postgres.ts";

// Claims that meet another transaction half-way; the other one is written out here to stop it where it matters.

async function withTransaction(
  run: (url: string, transaction: pg.Client, observer: pg.Client) => Promise<void>,
): Promise<void> {
  await using server = await startPostgres();
  const url = await server.createDatabase();
  const [transaction, observer] = [new pg.Client(url), new pg.Client(url)];
  await Promise.all([transaction.connect(), observer.connect()]);
  try {
    await run(url, transaction, observer);
  } finally {
    await Promise.all([transaction.end(), observer.end()]);
  }
}

async function someoneWaitsForLock(observer: pg.Client): Promise<void> {
  for (const deadline = performance.now() + 5_000; performance.now() < deadline;) {
    const { rows } = await observer.query("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    if (rows.length > 0) return;
  }
  assert.fail("the claim did not wait");
}

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
