import assert from "node:assert/strict";
import { TRANSACTIONS_AT_ONCE_MAX } from "storage/engine.ts";
import { FencedError } from "storage/storage.ts";
import { accountId, T } from "./account_records.ts";
import {
  answer,
  answerFence,
  answerId,
  foundAnswers,
  founding,
  fullAnswer,
  leaseId,
  used,
} from "./ai_records.ts";
import type { OpenStorage } from "./opened.ts";

const CONFLICT = { name: "BarrageError", reason: "conflict" };

export function testAnswers(name: string, open: OpenStorage): void {
  Deno.test(`[Q1] ${name}: an answer is read as it was founded, whatever is in it`, async () => {
    await using opened = await open();
    const { answers } = opened.storage;
    const image = answer(3, {
      request: { feature: "image", prompt: "a cat", width: 512, height: 512 },
      pool: "image-echo",
    });
    await foundAnswers(opened.storage, answer(1), fullAnswer(2), image);
    assert.deepEqual(await answers.read(answerId(1)), answer(1));
    assert.deepEqual(await answers.read(answerId(2)), fullAnswer(2));
    assert.deepEqual(await answers.acquire(answerId(3), 1), image);
    assert.equal(await answers.read(answerId(4)), undefined);
    assert.equal(await answers.acquire(answerId(4), 1), undefined);
    const many = await answers.readMany([3, 9, 1, 3].map(answerId));
    assert.deepEqual(many, [image, answer(1), image]);
    assert.deepEqual(await answers.readMany([]), []);
  });

  Deno.test(`[Q2] ${name}: a founding unit makes its own fence; where there is one it conflicts or is fenced`, async () => {
    await using opened = await open();
    const { answers, lane } = opened.storage;
    const found = (n: number, epoch: number) =>
      lane.commit(founding(answerFence(n, epoch)), [
        answers.found(answer(n, { model: `m${epoch}` }), epoch),
        answers.use(used(n, { attempt: epoch })),
      ]);
    await found(1, 5);
    const numbers = Array.from({ length: 50 }, (_, index) => index + 1);
    const before = lane.stats.transactions;
    const settled = await Promise.allSettled(numbers.map((n) => found(n, n === 2 ? 6 : 5)));
    assert.deepEqual(numbers.filter((_, index) => settled[index]?.status === "rejected"), [1]);
    assert.equal(lane.stats.transactions - before, 1);
    await assert.rejects(found(1, 5), CONFLICT);
    await assert.rejects(found(2, 5), new FencedError(founding(answerFence(2, 5))));
    assert.equal((await answers.read(answerId(2)))?.model, "m6");
    // Without founding nothing may be written where nothing is.
    await assert.rejects(lane.commit(answerFence(60), [answers.use(used(60))]), FencedError);
    assert.equal((await opened.storage.aiUsage.totals({ from: 0, to: T * 2 }))[0]?.attempts, 50);
  });

  Deno.test(`[Q3] ${name}: acquiring an answer raises its fence and never lowers it`, async () => {
    await using opened = await open();
    const { answers, lane } = opened.storage;
    await foundAnswers(opened.storage, answer(1));
    await answers.acquire(answerId(1), 4);
    await assert.rejects(answers.acquire(answerId(1), 3), new FencedError(answerFence(1, 3)));
    const write = () => [answers.update(answerId(1), { text: "new" })];
    await assert.rejects(lane.commit(answerFence(1, 3), write()), FencedError);
    assert.equal((await answers.acquire(answerId(1), 4))?.text, "");
    await lane.commit(answerFence(1, 4), write());
    assert.equal((await answers.acquire(answerId(1), 5))?.text, "new");
  });

  Deno.test(`[Q4] ${name}: an update changes the fields it names and nothing else`, async () => {
    await using opened = await open();
    const { answers, lane } = opened.storage;
    await foundAnswers(opened.storage, answer(1), answer(2));
    const { askers, state, attempt, exclude, job, text, files, reason, usage, error, endedAt } = fullAnswer(
      1,
    );
    const update = (patch: Parameters<typeof answers.update>[1]) =>
      lane.commit(answerFence(1), [answers.update(answerId(1), patch)]);
    await update({});
    await update({ text: text! });
    assert.deepEqual(await answers.read(answerId(1)), answer(1, { text }));
    const request = { feature: "image", prompt: "Waves 🌊", width: 64, height: 64 } as const;
    await update({ askers, state, attempt, exclude, request });
    const first = { askers, state, attempt, exclude, text, request };
    assert.deepEqual(await answers.read(answerId(1)), answer(1, first));
    const rest = { files, job: job!, reason: reason!, usage: usage!, error: error!, endedAt: endedAt! };
    await update(rest);
    assert.deepEqual(await answers.read(answerId(1)), answer(1, { ...first, ...rest }));
    assert.deepEqual(await answers.read(answerId(2)), answer(2));
  });

  Deno.test(`[Q5] ${name}: updates of hundreds of answers, alike or not, are each done in their order`, async () => {
    await using opened = await open();
    const { answers, lane } = opened.storage;
    const numbers = Array.from({ length: 600 }, (_, index) => index + 1);
    const update = (n: number, patch: Parameters<typeof answers.update>[1]) =>
      answers.update(answerId(n), patch);
    await Promise.all(
      numbers.map((n) =>
        lane.commit(founding(answerFence(n)), [
          answers.found(answer(n, { text: "before" }), 1),
          update(n, { text: "first", attempt: n }),
        ])
      ),
    );
    const before = lane.stats.transactions;
    await Promise.all(
      numbers.flatMap((n) => [
        lane.commit(answerFence(n), [update(n, { text: "second" })]),
        lane.commit(answerFence(n), [
          update(n, { text: `text ${n}` }),
          ...n % 2 === 0 ? [update(n, { state: "running" })] : [],
        ]),
      ]),
    );
    assert.equal(lane.stats.transactions - before, 2);
    const read = await answers.readMany(numbers.slice(0, 500).map(answerId));
    const wanted = numbers.slice(0, 500).map((n) =>
      answer(n, { text: `text ${n}`, attempt: n, ...(n % 2 === 0 && { state: "running" }) })
    );
    assert.deepEqual(read, wanted);
  });

  Deno.test(`[Q5] ${name}: texts of a million characters are updated side by side`, async () => {
    await using opened = await open();
    const { answers, lane } = opened.storage;
    const numbers = Array.from({ length: 9 }, (_, index) => index + 1);
    await foundAnswers(opened.storage, ...numbers.map((n) => answer(n)));
    const text = (n: number) => `${n}弹`.repeat(500_000);
    await Promise.all(
      numbers.map((n) => lane.commit(answerFence(n), [answers.update(answerId(n), { text: text(n) })])),
    );
    for (const n of numbers) assert.equal((await answers.read(answerId(n)))?.text === text(n), true);
  });

  Deno.test(`[Q19] ${name}: timers that one transaction sets, ends and sets again stand as the last one says`, async () => {
    await using opened = await open();
    const { timers, lane } = opened.storage;
    const numbers = Array.from({ length: 300 }, (_, index) => index + 1);
    await foundAnswers(opened.storage, ...numbers.map((n) => answer(n)));
    const timer = (n: number, generation: number, name = "a") => ({
      ...{ kind: "answer", key: answerId(n), name, generation, shard: n % 7 },
      ...{ dueAt: n * 10 + generation, verb: "tick", input: { n } },
    });
    const commit = (n: number, ...writes: ReturnType<typeof timers.set>[]) =>
      lane.commit(answerFence(n), writes);
    await Promise.all(numbers.map((n) => commit(n, timers.set(timer(n, 1)), timers.set(timer(n, 1, "b")))));
    const before = lane.stats.transactions;
    await Promise.all(numbers.flatMap((n) => {
      const cancel = () => timers.cancel("answer", answerId(n), "a");
      switch (n % 6) {
        case 0:
          return [commit(n, timers.set(timer(n, 2))), commit(n, cancel())];
        case 1:
          return [commit(n, cancel()), commit(n, timers.set(timer(n, 2)))];
        case 2:
          return [commit(n, timers.set(timer(n, 2)), timers.done(timer(n, 1)))];
        case 3:
          return [commit(n, timers.done(timer(n, 1)))];
        case 4:
          return [commit(n, timers.done(timer(n, 7)))];
        default:
          return [
            commit(n, timers.set(timer(n, 2))),
            commit(n, cancel()),
            commit(n, timers.set(timer(n, 3))),
          ];
      }
    }));
    assert.ok(lane.stats.transactions - before <= TRANSACTIONS_AT_ONCE_MAX);
    const left = [undefined, 2, 2, undefined, 1, 3];
    const wanted = numbers.flatMap((n) => {
      const generation = left[n % 6];
      return generation === undefined ? [] : [timer(n, generation)];
    });
    const { timers: due } = await timers.due([0, 1, 2, 3, 4, 5, 6], 10_000, 1_000);
    const byKey = <T extends { key: string }>(all: T[]) => all.sort((a, b) => a.key < b.key ? -1 : 1);
    assert.deepEqual(byKey(due.filter(({ name }) => name === "a")), wanted);
    assert.equal(due.filter(({ name }) => name === "b").length, 300);
  });

  Deno.test(`[Q6] ${name}: what a user spent is the answers he asked for first and the tokens of all attempts`, async () => {
    await using opened = await open();
    const { answers, aiUsage, lane } = opened.storage;
    const merged = answer(4, { askers: [{ id: accountId(2), name: "B" }, { id: accountId(1), name: "A" }] });
    await foundAnswers(opened.storage, answer(1), answer(2), answer(3), merged);
    const use = (n: number, changed: Parameters<typeof used>[1] = {}) =>
      lane.commit(answerFence(n), [answers.use(used(n, changed))]);
    await use(1);
    await use(2, { outcome: "cut" });
    await use(2, { attempt: 2, usage: { promptTokens: 2 ** 40, completionTokens: 1, estimated: true } });
    await use(4, { user: accountId(2) });
    assert.deepEqual(await aiUsage.spent(accountId(1), T), { requests: 3, tokens: 26 + 2 ** 40 + 1 });
    assert.deepEqual(await aiUsage.spent(accountId(1), T + 2), { requests: 2, tokens: 13 + 2 ** 40 + 1 });
    assert.deepEqual(await aiUsage.spent(accountId(2), T), { requests: 1, tokens: 13 });
    assert.deepEqual(await aiUsage.spent(accountId(3), T), { requests: 0, tokens: 0 });
    const besides = [answerId(2), answerId(9)];
    assert.deepEqual(await aiUsage.spent(accountId(1), T, besides), { requests: 2, tokens: 13 });
  });

  Deno.test(`[Q8] ${name}: files are read as they were written, and again changes nothing`, async () => {
    await using opened = await open();
    const { aiFiles } = opened.storage;
    const bytes = new Uint8Array(300_000).map((_, index) => index % 251);
    const file = { id: leaseId(1), type: "image/png", name: "弹幕.png", bytes: bytes.length };
    await aiFiles.write(file, answerId(1), bytes);
    await aiFiles.write({ ...file, name: "other" }, answerId(2), new Uint8Array(1));
    assert.deepEqual(await aiFiles.read(file.id), { file, answer: answerId(1), bytes });
    assert.equal(await aiFiles.read(leaseId(2)), undefined);
  });

  Deno.test(`[Q9] ${name}: old answers go with their files, unless they run or stand in a thread`, async () => {
    await using opened = await open();
    const { answers, aiFiles, aiUsage, threads, lane } = opened.storage;
    const ended = (n: number) => answer(n, { state: "done", endedAt: T + n });
    await foundAnswers(opened.storage, ended(1), ended(2), ended(3), answer(4), ended(50));
    await lane.commit({ noun: "thread", id: leaseId(8), epoch: 1, founding: true }, [
      threads.found({
        id: leaseId(8),
        owner: { id: accountId(1), name: "A" },
        title: "",
        model: "echo",
        createdAt: T,
        changedAt: T,
      }, 1),
      threads.append(leaseId(8), [{ seq: 1, question: "?", answer: answerId(2), at: T }]),
    ]);
    for (const n of [1, 2]) {
      await aiFiles.write({ id: leaseId(n), type: "a", name: "b", bytes: 1 }, answerId(n), new Uint8Array(1));
      await lane.commit(answerFence(n), [answers.use(used(n))]);
    }
    assert.equal(await answers.sweep(T + 50, 1), 1);
    assert.equal(await answers.sweep(T + 50, 10), 1);
    assert.equal(await answers.sweep(T + 50, 10), 0);
    const left = (await answers.readMany([1, 2, 3, 4, 50].map(answerId))).map(({ id }) => id);
    assert.deepEqual(left, [2, 4, 50].map(answerId));
    assert.equal(await aiFiles.read(leaseId(1)), undefined);
    assert.notEqual(await aiFiles.read(leaseId(2)), undefined);
    // What was spent stays known.
    assert.equal((await aiUsage.spent(accountId(1), T)).tokens, 26);
    assert.equal(await aiUsage.sweep(T + 2, 10), 1);
    assert.equal((await aiUsage.spent(accountId(1), T)).tokens, 13);
    assert.equal(await threads.sweep(T + 1, 10), 1);
    assert.equal(await answers.sweep(T + 50, 10), 1);
  });
}
