import assert from "node:assert/strict";
import { accountFence, accountId, createAccounts, T } from "./account_records.ts";
import {
  answer,
  answerFence,
  answerId,
  foundAnswers,
  leaseId,
  thread,
  threadId,
  turn,
  used,
} from "./ai_records.ts";
import type { OpenedStorage, OpenStorage } from "./opened.ts";

/** After whatever the database's clock says. */
const LATER = 2 * Date.now();
const DONE = { state: "done", text: "said", endedAt: T } as const;

const user = (n: number) => ({ id: accountId(n), name: `User ${n}` });

/** Thread `n` of a user, with these turns. */
async function foundThread(
  { storage: { lane, threads } }: OpenedStorage,
  n: number,
  owner: number,
  ...turns: ReturnType<typeof turn>[]
): Promise<void> {
  await lane.commit({ noun: "thread", id: threadId(n), epoch: 1, founding: true }, [
    threads.found(thread(n, { owner: user(owner) }), 1),
    threads.append(threadId(n), turns),
  ]);
}

async function remove({ storage: { lane, accounts } }: OpenedStorage, n: number): Promise<void> {
  await lane.commit(accountFence(n), [
    accounts.update(accountId(n), { state: "removed" }),
    accounts.erase(accountId(n)),
  ]);
}

export function testAiRemovals(name: string, open: OpenStorage): void {
  Deno.test(`[Q47] ${name}: what a user asked outside his threads is read in the order asked, page by page`, async () => {
    await using opened = await open();
    const { answers } = opened.storage;
    const joined = answer(7, { askers: [user(2), user(1)] });
    const asked = [
      answer(1, { askedAt: T + 9 }),
      answer(2, { askedAt: T }),
      answer(3),
      answer(4),
      answer(5, { askedAt: T + 9, thread: threadId(9) }),
      answer(6),
    ];
    await foundAnswers(opened.storage, ...asked, joined);
    // Its own threads' turns are left out, those of others' threads are not.
    await foundThread(opened, 1, 1, turn(1, { answer: answerId(3) }), turn(2, { answer: answerId(6) }));
    await foundThread(opened, 2, 2, turn(1, { answer: answerId(4) }));
    const seen: unknown[] = [];
    let after: { askedAt: number; id: string } | undefined;
    for (;;) {
      const page = await answers.outsideThreads(accountId(1), { limit: 1, ...(after && { after }) });
      if (page.length === 0) break;
      seen.push(...page);
      after = page.at(-1);
    }
    assert.deepEqual(seen, [asked[1], asked[3], asked[0], asked[4]]);
    assert.deepEqual(await answers.outsideThreads(accountId(1), { limit: 500 }), seen);
    assert.deepEqual(await answers.outsideThreads(accountId(2), { limit: 500 }), [joined]);
  });

  Deno.test(`[Q48] ${name}: what a removed account had asked goes in batches, what runs when it has ended, the books stay`, async () => {
    await using opened = await open();
    const { accounts, answers, aiFiles, aiRemovals, aiUsage, threads, lane } = opened.storage;
    await createAccounts(opened.storage, 1, 2);
    const running = answer(5, { state: "running" });
    const other = answer(6, { ...DONE, askers: [user(2)] });
    await foundAnswers(opened.storage, answer(1, DONE), answer(2, DONE), answer(3, DONE), running, other);
    await foundThread(opened, 1, 1, turn(1), turn(2));
    await foundThread(opened, 2, 1, turn(1, { answer: answerId(5) }));
    await foundThread(opened, 3, 2, turn(1, { answer: answerId(6) }));
    for (const n of [1, 6]) {
      await aiFiles.write({ id: leaseId(n), type: "a", name: "b", bytes: 1 }, answerId(n), new Uint8Array(1));
      await lane.commit(answerFence(n), [
        answers.use(used(n, { user: n === 1 ? accountId(1) : accountId(2) })),
      ]);
    }
    const left = async () => (await answers.readMany([1, 2, 3, 5, 6].map(answerId))).map(({ id }) => id);

    assert.equal(await aiRemovals.sweep(LATER, 10), 0);
    // Erasing again must not fail.
    await remove(opened, 1);
    await remove(opened, 1);
    assert.equal(await aiRemovals.sweep(T - 1, 10), 0);
    assert.equal(await aiRemovals.sweep(LATER, 1), 1);
    assert.equal(await aiRemovals.sweep(LATER, 3), 3);
    assert.deepEqual(await threads.list(accountId(1), { limit: 9 }), []);
    assert.deepEqual(await threads.turns(threadId(1), { after: 0, limit: 9 }), []);
    assert.deepEqual(await threads.turns(threadId(2), { after: 0, limit: 9 }), []);
    assert.equal((await left()).length, 3);
    assert.equal(await aiRemovals.sweep(LATER, 10), 1);
    assert.equal(await aiRemovals.sweep(LATER, 10), 0);
    assert.deepEqual(await left(), [5, 6].map(answerId));
    assert.equal(await aiFiles.read(leaseId(1)), undefined);

    await lane.commit(answerFence(5), [answers.update(answerId(5), DONE)]);
    assert.equal(await aiRemovals.sweep(LATER, 10), 1);
    assert.deepEqual(await answers.readMany([5, 6].map(answerId)), [other]);
    assert.notEqual(await aiFiles.read(leaseId(6)), undefined);
    assert.equal((await threads.turns(threadId(3), { after: 0, limit: 9 })).length, 1);
    assert.equal((await aiUsage.spent(accountId(1), T)).tokens, 13);
    assert.equal((await accounts.read(accountId(2)))?.state, "active");
    // Nothing was left, so nobody looks any more.
    await foundAnswers(opened.storage, answer(8, DONE));
    assert.equal(await aiRemovals.sweep(LATER, 10), 0);
  });

  Deno.test(`[Q48] ${name}: an answer that others have asked for too becomes theirs, without those who are gone`, async () => {
    await using opened = await open();
    const { accounts, answers, aiFiles, aiRemovals, aiUsage, lane } = opened.storage;
    await createAccounts(opened.storage, 1, 2, 3);
    const shared = answer(1, { ...DONE, askers: [user(1), user(2), user(3)] });
    const given = answer(2, { ...DONE, askers: [user(1), user(2)] });
    const foreign = answer(3, { ...DONE, askers: [user(3), user(1)] });
    await foundAnswers(opened.storage, shared, given, foreign);
    const file = { id: leaseId(1), type: "a", name: "b", bytes: 1 };
    await aiFiles.write(file, answerId(1), new Uint8Array(1));
    await remove(opened, 1);
    await remove(opened, 2);
    assert.equal(await aiRemovals.sweep(LATER, 10), 2);
    assert.equal(await aiRemovals.sweep(LATER, 10), 0);
    const ids = [1, 2, 3].map(answerId);
    assert.deepEqual(await answers.readMany(ids), [{ ...shared, askers: [user(3)] }, foreign]);
    assert.notEqual(await aiFiles.read(leaseId(1)), undefined);
    assert.equal((await aiUsage.spent(accountId(3), T)).requests, 2);
    // Whoever is erased is gone, whatever else is written of him.
    await lane.commit(accountFence(3), [accounts.erase(accountId(3))]);
    assert.equal(await aiRemovals.sweep(LATER, 10), 2);
    assert.deepEqual(await answers.readMany(ids), []);
  });

  Deno.test(`[Q48] ${name}: who has joined an answer is taken out of it when it has ended, and nothing of him stays`, async () => {
    await using opened = await open();
    const { aiRemovals, answers, lane } = opened.storage;
    await createAccounts(opened.storage, 1, 2, 3);
    const both = [user(1), user(2), user(3)];
    await foundAnswers(
      opened.storage,
      answer(1, { ...DONE, askers: both }),
      answer(2, { state: "running", askers: both }),
      answer(3, { ...DONE, askers: [user(1), user(2)] }),
    );
    for (const n of [1, 2]) {
      for (const joined of [2, 3]) {
        await lane.commit(answerFence(n), [answers.join(answerId(n), accountId(joined))]);
        // Again is harmless.
        await lane.commit(answerFence(n), [answers.join(answerId(n), accountId(joined))]);
      }
    }
    for (const n of [1, 2, 3]) assert.deepEqual(await answers.open(accountId(n), 10), [answerId(2)]);
    for (const n of [2, 3]) await remove(opened, n);
    const askers = async (n: number) => (await answers.read(answerId(n)))?.askers.map(({ id }) => id);
    while (await aiRemovals.sweep(LATER, 10) > 0);
    assert.deepEqual(await askers(1), [accountId(1)]);
    assert.deepEqual(await askers(2), both.map(({ id }) => id), "under way, it is its actor's");
    await lane.commit(answerFence(2), [answers.update(answerId(2), DONE)]);
    assert.deepEqual(await answers.open(accountId(2), 10), []);
    while (await aiRemovals.sweep(LATER, 10) > 0);
    assert.deepEqual(await askers(2), [accountId(1)]);
    // What became an answer of nobody takes those who had joined it along.
    assert.equal(await answers.sweep(LATER, 10), 3);
    assert.equal(await aiRemovals.sweep(LATER, 10), 0);
  });
}
