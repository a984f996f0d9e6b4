import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { type AssistantProcess, AssistantStage } from "tests/support/assistant_stage.ts";
import { BarrageError } from "protocol/errors.ts";

const PATIENT = { answer: { totalMaxMs: 600_000, waitMaxMs: 600_000 } };

Deno.test("[AS21] a question outlives the death of its process, though nobody calls the group again", async () => {
  const { stage, process, id } = await AssistantStage.withGroup(PATIENT);
  await using _ = stage;
  const { seq } = await stage.run(process.say(2, "@Bot hello", [id]));
  process.kill();
  await stage.start();
  // By the durable timer alone.
  await stage.call(1, 60_000);
  await stage.reply(1, "Hello.");
  deepStrictEqual((await stage.answers()).map(({ text, replyTo }) => [text, replyTo]), [["Hello.", seq]]);
  strictEqual(await stage.unsettled(), false);
});

Deno.test("[AS21] whoever calls the group after its process died brings the question on at once", async () => {
  const { stage, process, id } = await AssistantStage.withGroup(PATIENT);
  await using _ = stage;
  await stage.run(process.say(2, "@Bot hello", [id]));
  process.kill();
  const second = await stage.start();
  await stage.run(second.say(3, "anybody there?"));
  await stage.call(1, 500);
});

Deno.test("[AS21] what was asked together is answered in the order asked, also by the next process", async () => {
  const { stage, process, id } = await AssistantStage.withGroup(PATIENT);
  await using _ = stage;
  const asked: number[] = [];
  for (const user of [3, 1, 2]) {
    asked.push((await stage.run(process.say(user, `@Bot from ${user}`, [id]))).seq);
  }
  await stage.reply(1, "Answer 1");
  await stage.call(2);
  process.kill();
  await stage.start();
  // The second call is made again: the process that made it is gone.
  await stage.call(3, 120_000);
  await stage.reply(3, "Answer 2");
  await stage.reply(4, "Answer 3");
  deepStrictEqual(
    (await stage.answers()).map(({ text, replyTo }) => [text, replyTo]),
    asked.map((seq, n) => [`Answer ${n + 1}`, seq]),
  );
});

Deno.test("[AS21] an answer that was stored just before the death is told once", async () => {
  const { stage, process, id } = await AssistantStage.withGroup(PATIENT);
  await using _ = stage;
  await stage.run(process.say(2, "@Bot hello", [id]));
  const call = await stage.call(1);
  call.say("Hello.");
  // The message that tells it is stored, and nobody hears of that.
  const lane = process.storage.lane;
  const { commit } = lane;
  let killed = false;
  lane.commit = async (fence, writes) => {
    await commit(fence, writes);
    if (fence.noun === "conversation") {
      killed = true;
      process.kill();
      await new Promise(() => {});
    }
  };
  call.finish();
  await stage.until(() => killed);
  const second = await stage.start();
  await stage.pass(30_000);
  await stage.run(second.say(2, "thanks"));
  deepStrictEqual((await stage.answers()).map(({ text }) => text), ["Hello."]);
});

Deno.test("[AS21] a commit that fails, or whose answer is lost, doubles nothing", async () => {
  for (const kind of ["refuse", "lose_answer"] as const) {
    const { stage, process, id } = await AssistantStage.withGroup(PATIENT);
    await using _ = stage;
    await stage.run(process.say(2, "@Bot hello", [id]));
    const call = await stage.call(1);
    call.say("Hello.");
    await stage.pass(1_000);
    const { lane } = process.storage;
    const { commit } = lane;
    let failed = false;
    lane.commit = async (fence, writes) => {
      const fails = fence.noun === "conversation" && !failed;
      failed ||= fails;
      if (!fails || kind === "lose_answer") await commit(fence, writes);
      if (fails) throw new BarrageError("unavailable", "The database is away");
    };
    call.finish();
    await stage.until(() => failed);
    await stage.pass(30_000);
    deepStrictEqual((await stage.answers()).map(({ text }) => text), ["Hello."], kind);
    strictEqual(await stage.unsettled(), false);
  }
});

Deno.test("[AS21] a question that has waited for a quarter of an hour is not answered any more", async () => {
  const { stage, process, id } = await AssistantStage.withGroup(PATIENT);
  await using _ = stage;
  await stage.run(process.say(2, "@Bot hello", [id]));
  process.kill();
  stage.clock.pause(1_000_000);
  await stage.start();
  await stage.pass(30_000);
  deepStrictEqual((await stage.answers()).map(({ text }) => text), [
    "I cannot answer now: the question has waited for too long.",
  ]);
});

/** Who has asked what, and what has become of it, as the test knows it. */
interface Known {
  readonly seq: number;
  readonly user: number;
  recalled: boolean;
}

async function schedule(seed: number): Promise<void> {
  const { stage, process: first, id } = await AssistantStage.withGroup({
    ...{ ...PATIENT, seed },
    assistant: { questionsMax: 50, perUserMax: 50, complainMs: 0 },
  });
  await using _ = stage;
  let state = seed * 7_919 + 13;
  const random = (below: number) => (state = (state * 48_271) % 2_147_483_647) % below;
  let process: AssistantProcess = first;
  const asked: Known[] = [];
  const gone = new Set<number>();
  let served = 0;
  /** Every call gets the question back as its answer, sooner or later. */
  const serve = () => {
    for (; served < stage.provider.calls.length; served++) {
      const call = stage.provider.calls[served]!;
      const { request } = call.call;
      if (request.feature !== "text") throw new Error("no text");
      if (random(4) === 0 && served === stage.provider.calls.length - 1) return;
      if (call.signal.aborted) continue;
      call.say(`re ${request.messages.at(-1)!.content}`.slice(call.call.partial?.length ?? 0));
      call.finish();
    }
  };
  for (let step = 0; step < 40; step++) {
    switch (random(8)) {
      case 0:
      case 1:
      case 2: {
        const user = 1 + random(3);
        if (gone.has(user)) break;
        const { seq } = await stage.run(process.say(user, `@Bot n${step}`, [id]));
        asked.push({ seq, user, recalled: false });
        break;
      }
      case 3: {
        const known = asked.at(-1 - random(3));
        if (known === undefined || gone.has(known.user)) break;
        known.recalled = true;
        await stage.run(process.group(known.user).recall({ seq: known.seq }).catch(() => {}));
        break;
      }
      case 4:
        process.kill();
        process = await stage.start();
        break;
      case 5:
        if (step > 30 && !gone.has(3)) {
          gone.add(3);
          await stage.run(process.group(3).leave({}));
        }
        break;
      default:
        serve();
        await stage.pass(random(6) * 500);
    }
  }
  for (let round = 0; round < 200 && await stage.unsettled(); round++) {
    serve();
    await stage.pass(2_000);
  }
  strictEqual(await stage.unsettled(), false, `seed ${seed}: everything is settled`);
  const messages = await stage.messages();
  deepStrictEqual(messages.map(({ seq }) => seq), messages.map((_, n) => n + 1), `seed ${seed}: no gap`);
  const answers = await stage.answers();
  const order = answers.map(({ replyTo }) => replyTo!);
  deepStrictEqual(order, order.toSorted((a, b) => a - b), `seed ${seed}: in order`);
  strictEqual(new Set(order).size, order.length, `seed ${seed}: once each`);
  for (const { seq, user, recalled } of asked) {
    const message = messages[seq - 1]!;
    const answer = answers.find(({ replyTo }) => replyTo === seq);
    if (answer !== undefined && message.kind === "sent") {
      strictEqual(answer.text, `re User ${user}: ${message.text}`, `seed ${seed}: to what was asked`);
    }
    if (answer === undefined) {
      strictEqual(recalled || gone.has(user), true, `seed ${seed}: ${seq} has an answer`);
    }
  }
}

Deno.test("[AS22] under any mix of questions, recalls, goings and deaths each question has one answer, in order", async () => {
  const seeds = Number(Deno.env.get("ASSISTANT_SEEDS") ?? 4);
  for (let seed = 1; seed <= seeds; seed++) await schedule(seed);
});

Deno.test("[AS21] word of an answer that gets lost is asked for again", async () => {
  const { stage, process, id } = await AssistantStage.withGroup(PATIENT);
  await using _ = stage;
  await stage.run(process.say(2, "@Bot hello", [id]));
  const call = await stage.call(1);
  await stage.pass(1_000);
  const { clock } = stage;
  const after = clock.after.bind(clock);
  let lost = false;
  clock.after = (ms, callback) => {
    if (ms > 0 || lost) return after(ms, callback);
    lost = true;
    return () => {};
  };
  call.say("Hello.");
  call.finish();
  await stage.until(() => lost);
  await stage.pass(40_000);
  deepStrictEqual((await stage.answers()).map(({ text }) => text), ["Hello."]);
});
