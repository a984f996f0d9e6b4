import assert from "node:assert/strict";
import fc from "fast-check";
import type { UsageRecord, UseState } from "storage/ai_storage.ts";
import { FencedError } from "storage/storage.ts";
import { accountId, T } from "./account_records.ts";
import {
  answer,
  answerFence,
  answerId,
  credential,
  credentialId,
  foundAnswers,
  fullAnswer,
  lease,
  leaseId,
  POOL,
  used,
} from "./ai_records.ts";
import type { OpenStorage } from "./opened.ts";

const poolFence = (epoch: number, id = POOL) => ({ noun: "pool", id, epoch }) as const;

export function testPools(name: string, open: OpenStorage): void {
  Deno.test(`[Q10] ${name}: acquiring a pool makes its row and raises its fence, and never lowers it`, async () => {
    await using opened = await open();
    const { aiPools, lane } = opened.storage;
    const empty = { resting: true, leases: [], states: [], waiting: [] };
    assert.deepEqual(await aiPools.acquire(POOL, 3, 10), empty);
    await lane.commit(poolFence(3), [aiPools.lend(POOL, [lease(1)])]);
    const [first, second] = await Promise.all([
      aiPools.acquire("image-echo", 1, 10),
      aiPools.acquire("image-echo", 1, 10),
    ]);
    assert.deepEqual([first, second], [empty, empty]);
    assert.equal((await aiPools.acquire(POOL, 4, 10)).leases.length, 1);
    await assert.rejects(aiPools.acquire(POOL, 3, 10), new FencedError(poolFence(3)));
    await assert.rejects(lane.commit(poolFence(3), [aiPools.lend(POOL, [lease(2)])]), FencedError);
    await lane.commit(poolFence(4), [aiPools.lend(POOL, [lease(2)])]);
    assert.deepEqual((await aiPools.acquire(POOL, 4, 10)).leases.map(({ id }) => id), [1, 2].map(leaseId));
  });

  Deno.test(`[I56] ${name}: the mark of a resting pool goes with the first lease, and comes back when it is left so`, async () => {
    await using opened = await open();
    const { aiPools, lane } = opened.storage;
    const read = async (epoch: number) => (await aiPools.acquire(POOL, epoch, 10)).resting;
    assert.equal(await read(1), true);
    await lane.commit(poolFence(1), [aiPools.lend(POOL, [lease(1)]), aiPools.rest(POOL, false)]);
    assert.equal(await read(2), false);
    await lane.commit(poolFence(2), [aiPools.giveBack(POOL, [leaseId(1)]), aiPools.rest(POOL, true)]);
    assert.equal(await read(3), true);
  });

  Deno.test(`[Q11] ${name}: leases are lent and given back by hundreds; again, or of another pool, is harmless`, async () => {
    await using opened = await open();
    const { aiPools, lane } = opened.storage;
    for (const pool of [POOL, "image-echo"]) await aiPools.acquire(pool, 1, 10);
    const numbers = Array.from({ length: 700 }, (_, index) => index + 1);
    const full = lease(0, { digest: "d".repeat(43), attempt: 4 });
    await lane.commit(poolFence(1), [aiPools.lend(POOL, [full, ...numbers.map((n) => lease(n))])]);
    const read = async () => (await aiPools.acquire(POOL, 1, 10)).leases;
    assert.deepEqual(await read(), [full, ...numbers.map((n) => lease(n))]);
    await lane.commit(poolFence(1, "image-echo"), [aiPools.giveBack("image-echo", [leaseId(0)])]);
    await lane.commit(poolFence(1), [
      aiPools.lend(POOL, [lease(800)]),
      aiPools.giveBack(POOL, [...numbers, 800, 999].map(leaseId)),
      aiPools.lend(POOL, [lease(801)]),
      aiPools.giveBack(POOL, []),
    ]);
    assert.deepEqual(await read(), [full, lease(801)]);
  });

  Deno.test(`[Q11] ${name}: who makes the call of a lease is stored; of one that is over that is harmless`, async () => {
    await using opened = await open();
    const { aiPools, lane } = opened.storage;
    await aiPools.acquire(POOL, 1, 10);
    const runner = { id: "node-1", epoch: 2 ** 40 };
    await lane.commit(poolFence(1), [
      aiPools.lend(POOL, [1, 2, 3].map((n) => lease(n, n === 3 ? { runner } : {}))),
      aiPools.run(POOL, leaseId(1), { id: "node-2", epoch: 1 }),
    ]);
    await lane.commit(poolFence(1), [
      aiPools.run(POOL, leaseId(1), runner),
      aiPools.run(POOL, leaseId(2), runner),
      aiPools.giveBack(POOL, [leaseId(2)]),
    ]);
    await lane.commit(poolFence(1), [aiPools.run(POOL, leaseId(2), runner)]);
    const { leases } = await aiPools.acquire(POOL, 1, 10);
    assert.deepEqual(leases, [lease(1, { runner }), lease(3, { runner })]);
  });

  Deno.test(`[Q12] ${name}: what a pool has learned of a use is replaced, or forgotten`, async () => {
    await using opened = await open();
    const { aiPools, lane } = opened.storage;
    for (const pool of [POOL, "image-echo"]) await aiPools.acquire(pool, 1, 10);
    const states: UseState[] = [
      { credential: credentialId(1), state: "cooling", until: T, learned: 2, why: "11202" },
      { credential: credentialId(2), state: "dead", learned: 1 },
    ];
    await lane.commit(poolFence(1), states.map((state) => aiPools.remember(POOL, state)));
    await lane.commit(poolFence(1, "image-echo"), [aiPools.remember("image-echo", states[0]!)]);
    const read = async (pool = POOL) => (await aiPools.acquire(pool, 1, 10)).states;
    assert.deepEqual(await read(), states);
    const ready: UseState = { credential: credentialId(1), state: "ready", learned: 1 };
    await lane.commit(poolFence(1), [
      aiPools.remember(POOL, ready),
      aiPools.forget(POOL, credentialId(2)),
    ]);
    assert.deepEqual(await read(), [ready]);
    assert.deepEqual(await read("image-echo"), [states[0]]);
  });

  Deno.test(`[Q13] ${name}: who waits for a pool is read from the answers, oldest first`, async () => {
    await using opened = await open();
    const { aiPools, answers, lane } = opened.storage;
    const rich = fullAnswer(5, { state: "waiting" });
    await foundAnswers(
      opened.storage,
      answer(4),
      rich,
      answer(2, { band: "low", attempt: 2 }),
      answer(3, { state: "running" }),
      answer(1, { pool: "image-echo" }),
      answer(6, { state: "cancelled" }),
      answer(7, { job: { credential: credentialId(3), job: "" }, pool: "slides-echo" }),
    );
    const read = async (limit = 10) => (await aiPools.acquire(POOL, 1, limit)).waiting;
    const base = {
      user: accountId(1),
      band: "normal",
      attempt: 1,
      exclude: [],
      until: T + 180_000,
    } as const;
    const second = { ...base, answer: answerId(2), band: "low", attempt: 2 } as const;
    const fourth = { ...base, answer: answerId(4) };
    assert.deepEqual(await read(), [second, fourth, {
      ...{ answer: answerId(5), user: accountId(1), band: "high", attempt: 3 },
      exclude: rich.exclude,
      sticky: credentialId(3),
      digest: rich.digest,
      until: rich.until,
    }]);
    assert.deepEqual(await read(1), [second]);
    const [given] = (await aiPools.acquire("slides-echo", 1, 1)).waiting;
    assert.deepEqual(given, { ...base, answer: answerId(7) }, "a job that was given up binds nobody");
    await lane.commit(answerFence(2), [answers.update(answerId(2), { state: "running" })]);
    await lane.commit(answerFence(3), [answers.update(answerId(3), { state: "waiting" })]);
    assert.deepEqual(await read(2), [{ ...base, answer: answerId(3) }, fourth]);
  });

  Deno.test(`[Q7] ${name}: the sums for operators add up to what was recorded, in whatever pieces of time`, async () => {
    await using opened = await open();
    const { answers, aiUsage, lane } = opened.storage;
    await foundAnswers(opened.storage, answer(1));
    let attempt = 0;
    const all: UsageRecord[] = [];
    const record = fc.record({
      credential: fc.constantFrom(credentialId(1), credentialId(2)),
      feature: fc.constantFrom("text" as const, "image" as const),
      model: fc.constantFrom("echo", "a.b"),
      at: fc.integer({ min: 0, max: 20 }),
      usage: fc.record({
        promptTokens: fc.nat(1_000_000),
        completionTokens: fc.nat(1_000_000),
        estimated: fc.boolean(),
      }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(record, { maxLength: 5 }), fc.nat(20), fc.nat(20), async (some, a, b) => {
        const records = some.map((changed) => used(1, { ...changed, attempt: ++attempt }));
        all.push(...records);
        await lane.commit(answerFence(1), records.map((one) => answers.use(one)));
        const [from, to] = a < b ? [a, b] : [b, a];
        assert.deepEqual(await aiUsage.totals({ from, to }), sumsOf(all, from, to));
        const parts = [[0, from], [from, to], [to, 21]] as const;
        let tokens = 0;
        for (const [from, to] of parts) {
          for (const sum of await aiUsage.totals({ from, to })) {
            tokens += sum.promptTokens + sum.completionTokens;
          }
        }
        assert.equal(tokens, (await aiUsage.spent(accountId(1), 0)).tokens);
      }),
      { numRuns: 30 },
    );
  });

  Deno.test(`[Q14] ${name}: credentials are kept, changed, listed and removed; there is a most`, async () => {
    await using opened = await open();
    const { credentials } = opened.storage;
    const url = credential(2, { baseUrl: "https://llm.example/v1", state: "disabled", uses: [] });
    await credentials.create(url, 2);
    await credentials.create(credential(1), 2);
    await assert.rejects(credentials.create(credential(3), 2), { name: "BarrageError", reason: "conflict" });
    assert.deepEqual(await credentials.list(), [credential(1), url]);
    assert.deepEqual(await credentials.read(credentialId(2)), url);
    assert.equal(await credentials.read(credentialId(3)), undefined);
    const changed = { label: "New", sealed: { a: "x", b: "y" }, keyVersion: 2, changedAt: T + 5 };
    assert.equal(await credentials.update(credentialId(1), { ...changed, state: "disabled" }), true);
    assert.equal(await credentials.update(credentialId(2), { baseUrl: "", uses: credential(1).uses }), true);
    assert.equal(await credentials.update(credentialId(3), { label: "x" }), false);
    assert.equal(await credentials.update(credentialId(3), {}), false);
    const { baseUrl: _baseUrl, ...rest } = url;
    assert.deepEqual(await credentials.list(), [
      credential(1, { ...changed, state: "disabled" }),
      { ...rest, uses: credential(1).uses },
    ]);
    const to = { sealed: { apiKey: "new" }, keyVersion: 3 };
    assert.equal(await credentials.reseal(credential(1), to), false);
    assert.equal(await credentials.reseal(url, to), true);
    assert.deepEqual((await credentials.read(credentialId(2)))?.sealed, to.sealed);
    assert.equal(await credentials.delete(credentialId(1)), true);
    assert.equal(await credentials.delete(credentialId(1)), false);
    assert.equal((await credentials.list()).length, 1);
  });
}

function sumsOf(records: readonly UsageRecord[], from: number, to: number) {
  const sums = new Map<string, { attempts: number; promptTokens: number; completionTokens: number }>();
  for (const { credential, feature, model, usage, at } of records) {
    if (at < from || at >= to) continue;
    const key = JSON.stringify([credential, feature, model]);
    const sum = sums.get(key) ?? { attempts: 0, promptTokens: 0, completionTokens: 0 };
    sums.set(key, {
      attempts: sum.attempts + 1,
      promptTokens: sum.promptTokens + usage.promptTokens,
      completionTokens: sum.completionTokens + usage.completionTokens,
    });
  }
  return [...sums].sort(([a], [b]) => a < b ? -1 : 1).map(([key, sum]) => {
    const [credential, feature, model] = JSON.parse(key);
    return { credential, feature, model, ...sum };
  });
}
