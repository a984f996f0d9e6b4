import assert from "node:assert/strict";
import { openPostgres } from "storage/postgres.ts";
import { accountFence, accountId, createAccounts, T } from "./contract/account_records.ts";
import {
  answer,
  answerId,
  foundAnswers,
  founding,
  thread,
  threadFence,
  threadId,
  turn,
} from "./contract/ai_records.ts";
import { withTransaction } from "./postgres_transaction.ts";

const LATER = 2 * Date.now();

Deno.test("[Q48] postgres: what somebody is changing is passed over and goes the next time", async () => {
  await withTransaction(async (url, transaction) => {
    await using storage = await openPostgres({ url, statementTimeoutMs: 2_000 });
    const { accounts, aiRemovals, answers, lane, threads } = storage;
    await createAccounts(storage, 1);
    const ended = (n: number) => answer(n, { state: "done", endedAt: T });
    await foundAnswers(storage, ended(1), ended(2));
    for (const n of [1, 2]) {
      await lane.commit(founding(threadFence(n)), [
        threads.found(thread(n), 1),
        threads.append(threadId(n), [turn(1)]),
      ]);
    }
    await lane.commit(accountFence(1), [
      accounts.update(accountId(1), { state: "removed" }),
      accounts.erase(accountId(1)),
    ]);
    const left = async () => [
      (await threads.list(accountId(1), { limit: 9 })).map(({ id }) => id),
      (await answers.readMany([1, 2].map(answerId))).map(({ id }) => id),
    ];
    await transaction.query("BEGIN");
    await transaction.query("SELECT 1 FROM thread WHERE id = $1 FOR UPDATE", [threadId(1)]);
    assert.equal(await aiRemovals.sweep(LATER, 10), 3);
    assert.deepEqual(await left(), [[threadId(1)], []]);
    await foundAnswers(storage, ended(2));
    await transaction.query("SELECT 1 FROM answer WHERE id = $1 FOR UPDATE", [answerId(2)]);
    assert.equal(await aiRemovals.sweep(LATER, 10), 0);
    await transaction.query("ROLLBACK");
    assert.equal(await aiRemovals.sweep(LATER, 10), 2);
    assert.deepEqual(await left(), [[], []]);
  });
});
