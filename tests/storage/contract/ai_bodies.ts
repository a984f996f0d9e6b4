import { Buffer } from "node:buffer";
import assert from "node:assert/strict";
import type { Resealed } from "storage/ai_storage.ts";
import { AesGcmBodies } from "storage/aes_gcm_bodies.ts";
import {
  answer,
  answerFence,
  answerId,
  foundAnswers,
  founding,
  thread,
  threadFence,
  threadId,
  turn,
} from "./ai_records.ts";
import type { Reopened } from "./bodies.ts";

const key = (fill: number) => new Uint8Array(32).fill(fill);
const FIRST = new AesGcmBodies(new Map([[1, key(1)]]));
const BOTH = new AesGcmBodies(new Map([[2, key(2)], [1, key(1)]]));
const SECOND = new AesGcmBodies(new Map([[2, key(2)]]));

const EVERYTHING = `SELECT request AS body FROM answer UNION ALL SELECT text FROM answer
  UNION ALL SELECT title FROM thread UNION ALL SELECT question FROM thread_turn`;

/** How many were looked at, and how much of them was sealed anew. */
async function resealAll<P>(
  reseal: (after: P | undefined) => Promise<Resealed<P> | undefined>,
): Promise<[looked: number, resealed: number]> {
  let [looked, resealed] = [0, 0];
  let after: P | undefined;
  for (;;) {
    const page = await reseal(after);
    if (page === undefined) return [looked, resealed];
    looked += page.looked;
    resealed += page.resealed;
    after = page.last;
  }
}

export function testAiBodies(name: string, prepare: () => Promise<Reopened>): void {
  Deno.test(`[Q18] ${name}: what is asked and answered is sealed as messages are, each at its own place`, async () => {
    await using database = await prepare();
    const asked = answer(1, { thread: threadId(1) });
    {
      await using storage = await database.open(FIRST);
      const { answers, threads, lane } = storage;
      await foundAnswers(storage, asked, answer(2));
      await lane.commit(answerFence(1), [answers.update(answerId(1), { text: "弹幕 answer" })]);
      await lane.commit(founding(threadFence(1)), [
        threads.found(thread(1), 1),
        threads.append(threadId(1), [turn(1)]),
        threads.update(threadId(1), { title: "弹幕 thread" }),
      ]);
      const bodies = await database.bodies(EVERYTHING);
      assert.equal(bodies.length, 6);
      for (const body of bodies) {
        assert.doesNotMatch(body + Buffer.from(body, "base64").toString(), /answer|question|thread|弹/i);
      }
    }
    {
      await using storage = await database.open(BOTH);
      const { answers, threads, lane } = storage;
      // The text is sealed with the newer key, the request still with the one it was written with.
      await lane.commit(answerFence(1), [answers.update(answerId(1), { text: "newer" })]);
      assert.deepEqual(await answers.read(answerId(1)), { ...asked, text: "newer" });
      assert.equal((await threads.read(threadId(1)))?.title, "弹幕 thread");
      assert.deepEqual(await threads.turns(threadId(1), { after: 0, limit: 2 }), [turn(1)]);
    }
    await using storage = await database.open(SECOND);
    await assert.rejects(storage.answers.read(answerId(1)), /message key 1/);
    await assert.rejects(storage.threads.read(threadId(1)), /message key 1/);
  });

  Deno.test(`[D115] ${name}: answers and threads are sealed anew as messages are, page by page`, async () => {
    await using database = await prepare();
    const numbers = [1, 2, 3, 4, 5];
    const turns = numbers.map((seq) => turn(seq));
    {
      await using storage = await database.open(FIRST);
      await foundAnswers(storage, ...numbers.map((n) => answer(n)));
      for (const n of [1, 2]) {
        await storage.lane.commit(founding(threadFence(n)), [
          storage.threads.found(thread(n), 1),
          storage.threads.append(threadId(n), turns),
        ]);
      }
    }
    {
      await using storage = await database.open(BOTH);
      const { answers, threads, lane } = storage;
      await lane.commit(answerFence(1), [answers.update(answerId(1), { text: "newer" })]);
      // Of five requests and texts one is new; two titles, ten questions.
      assert.deepEqual(await resealAll((after: string | undefined) => answers.reseal(after, 2)), [5, 9]);
      assert.deepEqual(await resealAll((after: string | undefined) => threads.reseal(after, 1)), [2, 2]);
      const turnsAfter = (after: { thread: string; seq: number } | undefined) =>
        threads.resealTurns(after, 3);
      assert.deepEqual(await resealAll(turnsAfter), [10, 10]);
      assert.deepEqual(await resealAll(turnsAfter), [10, 0]);
      assert.deepEqual(await resealAll((after: string | undefined) => answers.reseal(after, 9)), [5, 0]);
    }
    await using storage = await database.open(SECOND);
    assert.deepEqual(await storage.answers.readMany(numbers.map(answerId)), [
      answer(1, { text: "newer" }),
      ...numbers.slice(1).map((n) => answer(n)),
    ]);
    for (const n of [1, 2]) {
      assert.deepEqual(await storage.threads.read(threadId(n)), thread(n));
      assert.deepEqual(await storage.threads.turns(threadId(n), { after: 0, limit: 9 }), turns);
    }
  });
}
