import assert from "node:assert/strict";
// @ts-types="@types/pg"
import pg from "pg";
import { startPostgres } from "tests/support/postgres.ts";

/** For what meets another transaction half-way: that one is written out by the test, to stop it where it matters. */
export async function withTransaction(
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

export async function someoneWaitsForLock(observer: pg.Client): Promise<void> {
  for (const deadline = performance.now() + 5_000; performance.now() < deadline;) {
    const { rows } = await observer.query("SELECT pid FROM pg_stat_activity WHERE wait_event_type = 'Lock'");
    if (rows.length > 0) return;
  }
  assert.fail("nobody waited for a lock");
}
