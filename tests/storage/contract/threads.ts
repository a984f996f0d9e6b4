import assert from "node:assert/strict";
import { FencedError } from "storage/storage.ts";
import { accountId, T } from "./account_records.ts";
import type { AnswerRecord } from "storage/ai_storage.ts";
import { answer, answerId, leaseId, thread, threadFence, threadId, turn } from "./ai_records.ts";
import type { OpenedStorage, OpenStorage } from "./opened.ts";

async function found({ storage }: OpenedStorage, ...records: readonly ReturnType<typeof thread>[]) {
  for (const record of records) {
    await storage.lane.commit({ noun: "thread", id: record.id, epoch: 1, founding: true }, [
      storage.threads.found(record, 1),
    ]);
  }
}

export function testThreads(name: string, open: OpenStorage): void {
  Deno.test(`[Q15] ${name}: a thread is founded once, fenced as an answer, and changed field by field`, async () => {
    await using opened = await open();
    const { threads, lane } = opened.storage;
    await found(opened, thread(1), thread(2));
    await assert.rejects(found(opened, thread(1, { title: "other" })), { reason: "conflict" });
    assert.equal(await threads.acquire(threadId(3), 1), undefined);
    assert.deepEqual(await threads.acquire(threadId(1), 4), { thread: thread(1), head: 0 });
    await assert.rejects(threads.acquire(threadId(1), 3), new FencedError(threadFence(1, 3)));
    const update = (epoch: number) =>
      lane.commit(threadFence(1, epoch), [threads.update(threadId(1), { title: "New", changedAt: T + 9 })]);
    await assert.rejects(update(3), FencedError);
    await update(4);
    await lane.commit(threadFence(1, 4), [threads.update(threadId(1), { model: "other" })]);
    const changed = thread(1, { title: "New", changedAt: T + 9, model: "other" });
    assert.deepEqual(await threads.read(threadId(1)), changed);
    assert.deepEqual(await threads.read(threadId(2)), thread(2));
  });

  Deno.test(`[Q16] ${name}: a user's threads are listed page by page, the one changed last first`, async () => {
    await using opened = await open();
    const { threads } = opened.storage;
    const other = thread(9, { owner: { id: accountId(2), name: "B" } });
    await found(
      opened,
      thread(1, { changedAt: T + 50 }),
      thread(2, { changedAt: T }),
      thread(3),
      thread(4, { changedAt: T + 50 }),
      other,
    );
    const seen: string[] = [];
    let before: { changedAt: number; id: string } | undefined;
    for (;;) {
      const page = await threads.list(accountId(1), { limit: 2, ...(before && { before }) });
      if (page.length === 0) break;
      seen.push(...page.map(({ id }) => id));
      before = page.at(-1);
    }
    assert.deepEqual(seen, [4, 1, 3, 2].map(threadId));
    assert.deepEqual(await threads.list(accountId(2), { limit: 5 }), [other]);
    assert.deepEqual(await threads.list(accountId(3), { limit: 5 }), []);
  });

  Deno.test(`[Q17] ${name}: turns are read from either end, tell what replaced them, and go with the thread`, async () => {
    await using opened = await open();
    const { threads, lane } = opened.storage;
    await found(opened, thread(1), thread(2));
    const turns = Array.from({ length: 7 }, (_, index) => turn(index + 1));
    turns[6] = turn(7, { question: "弹幕 \ud83d \u0000", answer: answerId(99), replacedBy: 8 });
    await lane.commit(threadFence(1), [threads.append(threadId(1), turns)]);
    await lane.commit(threadFence(2), [threads.append(threadId(2), [turn(1)])]);
    await lane.commit(threadFence(1), [threads.replace(threadId(1), 2, 5)]);
    turns[1] = turn(2, { replacedBy: 5 });
    const read = (page: Parameters<typeof threads.turns>[1]) => threads.turns(threadId(1), page);
    assert.deepEqual(await read({ after: 0, limit: 3 }), turns.slice(0, 3));
    assert.deepEqual(await read({ after: 3, limit: 9 }), turns.slice(3));
    assert.deepEqual(await read({ before: 6, limit: 2 }), turns.slice(3, 5));
    assert.deepEqual(await read({ after: 7, limit: 3 }), []);
    assert.equal((await threads.acquire(threadId(1), 1))?.head, 7);
    await lane.commit(threadFence(1), [threads.append(threadId(1), [turn(8)]), threads.erase(threadId(1))]);
    assert.deepEqual(await read({ after: 0, limit: 9 }), []);
    assert.equal(await threads.acquire(threadId(1), 1), undefined);
    assert.deepEqual(await threads.turns(threadId(2), { after: 0, limit: 9 }), [turn(1)]);
  });

  Deno.test(`[Q17] ${name}: with a thread go the answers that were asked in it and have ended, and their files`, async () => {
    await using opened = await open();
    const { threads, answers, aiFiles, lane } = opened.storage;
    await found(opened, thread(1), thread(2));
    const inThread = (n: number, more: Partial<AnswerRecord> = {}) =>
      answer(n, { thread: threadId(1), state: "done", endedAt: T + 9, ...more });
    const records = [
      inThread(1),
      // Asked outside and shown in the thread, under way, and of another thread.
      answer(2, { state: "done", endedAt: T + 9 }),
      answer(3, { thread: threadId(1), state: "running" }),
      inThread(4, { thread: threadId(2) }),
    ];
    for (const record of records) {
      await lane.commit({ noun: "answer", id: record.id, epoch: 1, founding: true }, [
        answers.found(record, 1),
      ]);
      const file = { id: leaseId(Number(record.id.slice(-4))), type: "image/png", name: "a.png", bytes: 1 };
      await aiFiles.write(file, record.id, new Uint8Array([1]));
    }
    const turns = [1, 2, 3].map((n) => turn(n, { answer: answerId(n) }));
    await lane.commit(threadFence(1), [threads.append(threadId(1), turns)]);
    await lane.commit(threadFence(2), [threads.append(threadId(2), [turn(1, { answer: answerId(4) })])]);
    await lane.commit(threadFence(1), [threads.erase(threadId(1))]);
    const left = await answers.readMany([1, 2, 3, 4].map(answerId));
    assert.deepEqual(left.map(({ id }) => id), [2, 3, 4].map(answerId));
    assert.equal(await aiFiles.read(leaseId(1)), undefined);
    for (const n of [2, 3, 4]) assert.ok(await aiFiles.read(leaseId(n)));
  });
}
