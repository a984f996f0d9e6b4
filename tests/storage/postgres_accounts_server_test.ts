import assert from "node:assert/strict";
import { openPostgres } from "storage/postgres.ts";
import {
  accountFence,
  accountId,
  createAccounts,
  session,
  sessionId,
  T,
} from "./contract/account_records.ts";
import { createRooms, fence } from "./contract/records.ts";
import { someoneWaitsForLock, withTransaction } from "./postgres_transaction.ts";

const ids = (rows: readonly { readonly id: string }[]) => rows.map(({ id }) => id);

Deno.test("[D97] postgres: fences are locked in one order, whatever the order of the units", async () => {
  await withTransaction(async (url, transaction, observer) => {
    await using storage = await openPostgres({ url });
    await createRooms(storage, 1);
    await createAccounts(storage, 1, 2);
    await transaction.query("BEGIN");
    await transaction.query("SELECT id FROM account WHERE id = $1 FOR UPDATE", [accountId(1)]);
    const fences = [fence(1), accountFence(2), accountFence(1)];
    const units = Promise.allSettled(fences.map((each) => storage.lane.commit(each, [])));
    await someoneWaitsForLock(observer);
    // Both come after the account that is locked elsewhere, so neither may be locked yet.
    await observer.query("SELECT id FROM account WHERE id = $1 FOR UPDATE NOWAIT", [accountId(2)]);
    await observer.query("SELECT id FROM room FOR UPDATE NOWAIT");
    await transaction.query("COMMIT");
    assert((await units).every(({ status }) => status === "fulfilled"));
    assert.equal(storage.lane.stats.transactions, 1);
  });
});

Deno.test("[D98] postgres: a revocation that commits late comes after what its readers have", async () => {
  await withTransaction(async (url, transaction) => {
    await using storage = await openPostgres({ url });
    const { sessions, revocations, lane } = storage;
    await createAccounts(storage, 1);
    await transaction.query("BEGIN");
    await transaction.query("INSERT INTO revocation (id, until) VALUES ('a late one', $1)", [T + 5]);
    await lane.commit(accountFence(1), [sessions.end(["early"], T + 5)]);
    assert.deepEqual(await revocations.after(0, T, 10), [{ id: "early", until: T + 5, n: 1 }]);
    await transaction.query("COMMIT");
    assert.deepEqual(await revocations.after(1, T, 10), [{ id: "a late one", until: T + 5, n: 2 }]);
  });
});

Deno.test("[D98] postgres: a revocation that somebody is prolonging keeps no reader waiting", async () => {
  await withTransaction(async (url, transaction) => {
    await using storage = await openPostgres({ url, statementTimeoutMs: 2_000 });
    const { sessions, revocations, lane } = storage;
    await createAccounts(storage, 1);
    await lane.commit(accountFence(1), [sessions.end(["a", "b"], T + 5)]);
    await transaction.query("BEGIN");
    await transaction.query("UPDATE revocation SET until = $1 WHERE id = 'a'", [T + 9]);
    assert.deepEqual(await revocations.after(0, T, 10), [{ id: "b", until: T + 5, n: 1 }]);
    await transaction.query("COMMIT");
    assert.deepEqual(await revocations.after(1, T, 10), [{ id: "a", until: T + 9, n: 2 }]);
  });
});

Deno.test("[D98] postgres: a reader waits for one that numbers, and begins where it ended", async () => {
  await withTransaction(async (url, transaction, observer) => {
    await using storage = await openPostgres({ url });
    const { sessions, revocations, lane } = storage;
    await createAccounts(storage, 1);
    await lane.commit(accountFence(1), [sessions.end(["a", "b"], T + 5)]);
    await transaction.query("BEGIN");
    await transaction.query("UPDATE revocation_head SET n = 1");
    await transaction.query("UPDATE revocation SET n = 1 WHERE id = 'b'");
    const reading = revocations.after(0, T, 10);
    await someoneWaitsForLock(observer);
    await transaction.query("COMMIT");
    assert.deepEqual(ids(await reading), ["b", "a"]);
    assert.deepEqual(ids(await revocations.after(1, T, 10)), ["a"]);
  });
});

Deno.test("[D99] postgres: a sweep passes over rows that somebody is changing", async () => {
  await withTransaction(async (url, transaction) => {
    await using storage = await openPostgres({ url, statementTimeoutMs: 2_000 });
    const { sessions, lane } = storage;
    await createAccounts(storage, 1);
    await lane.commit(accountFence(1), [1, 2, 3].map((n) => sessions.put(session(n))));
    await transaction.query("BEGIN");
    await transaction.query("SELECT id FROM login_session WHERE id = $1 FOR UPDATE", [sessionId(2)]);
    assert.equal(await sessions.sweep(T + 100, 1, 10), 2);
    assert.deepEqual(ids(await sessions.of(accountId(1))), [sessionId(2)]);
    await transaction.query("COMMIT");
    assert.equal(await sessions.sweep(T + 100, 1, 10), 1);
  });
});
