import { deepStrictEqual, match, rejects, strictEqual } from "node:assert/strict";
import { BarrageError, type Reason } from "protocol/errors.ts";
import { UpstreamFault } from "actors/ai/provider.ts";
import {
  type AiProcess,
  AiStage,
  type AiStageOptions,
  textRequest,
  type Told,
} from "tests/support/ai_stage.ts";
import { guest, ulid, viewer } from "tests/support/room_stage.ts";

async function opened(options: AiStageOptions = {}): Promise<{ stage: AiStage; process: AiProcess }> {
  const stage = await AiStage.open(options);
  return { stage, process: await stage.start() };
}

function textOf(told: readonly Told[]): string {
  let text = "";
  for (const { event, body } of told) {
    const offset = Number(body["offset"]);
    if (event === "resumed") text = text.slice(0, offset);
    if (event !== "delta") continue;
    strictEqual(offset, text.length, "no gap");
    text += String(body["text"]);
  }
  return text;
}

const refused = (reason: Reason) => (error: unknown) =>
  error instanceof BarrageError && error.reason === reason;

Deno.test("[AN1] a question is durable when it is acknowledged, its answer when it is told to be over", async () => {
  const { stage, process } = await opened();
  await using _ = stage;
  const told = await process.told(1);
  const asked = await stage.run(process.ask(1));
  deepStrictEqual([asked.merged, asked.view.state], [false, "waiting"]);
  strictEqual((await stage.storage.answers.read(ulid(1)))?.state, "waiting");
  const call = await stage.call(1);
  call.say("Hel");
  await stage.settle();
  call.say("lo");
  call.emit({ kind: "usage", usage: { promptTokens: 7, completionTokens: 2, estimated: false } });
  call.finish();
  await stage.pass(500);
  strictEqual(textOf(told), "Hello");
  const stored = await stage.storage.answers.read(ulid(1));
  deepStrictEqual(told.at(-1), {
    event: "done",
    body: {
      ...{ answer: ulid(1), attempt: 1, offset: 5, state: "done", reason: "stop" },
      usage: { promptTokens: 7, completionTokens: 2, estimated: false },
      endedAt: stored?.endedAt,
    },
  });
  deepStrictEqual([stored?.state, stored?.text, stored?.usage?.promptTokens], ["done", "Hello", 7]);
});

Deno.test("[AN2] asking again is harmless; another user's id is a conflict", async () => {
  const { stage, process } = await opened();
  await using _ = stage;
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  call.say("Hi");
  await stage.pass(100);
  const again = await stage.run(process.ask(1));
  deepStrictEqual([again.answer, again.view.text], [ulid(1), "Hi"]);
  strictEqual(stage.provider.calls.length, 1);
  await rejects(stage.run(process.ask(1, { user: 2 })), refused("conflict"));
});

Deno.test("[AN3] who follows from an offset gets the rest", async () => {
  const { stage, process } = await opened();
  await using _ = stage;
  await stage.run(process.ask(1));
  (await stage.call(1)).say("Hello world");
  await stage.pass(100);
  const view = await stage.run(process.answer(1, viewer(1)).follow({ from: 6 }));
  deepStrictEqual([view.offset, view.text, view.attempt, view.state], [6, "world", 1, "running"]);
});

Deno.test("[AN4] strangers and guests may not follow or ask", async () => {
  const { stage, process } = await opened();
  await using _ = stage;
  await stage.run(process.ask(1));
  await rejects(stage.run(process.answer(1, viewer(2)).follow({ from: 0 })), refused("forbidden"));
  const request = textRequest();
  const ask = { model: "m1", request, band: "normal", detached: true } as const;
  await rejects(stage.run(process.answer(2, guest(2)).ask(ask)), refused("forbidden"));
});

Deno.test("[AN7] equal questions are one call; each asker may leave, and the last one ends it", async () => {
  const { stage, process } = await opened();
  await using _ = stage;
  const request = textRequest("Same");
  await stage.run(process.ask(1, { request, detached: false }));
  const merged = await stage.run(process.ask(2, { request, detached: false }));
  deepStrictEqual([merged.answer, merged.merged], [ulid(1), true]);
  strictEqual(await stage.storage.answers.read(ulid(2)), undefined);
  await stage.run(process.answer(1, viewer(1)).cancel({}));
  const call = await stage.call(1);
  call.say("Still here");
  await stage.pass(100);
  await rejects(stage.run(process.answer(1, viewer(1)).follow({ from: 0 })), refused("forbidden"));
  strictEqual((await stage.run(process.answer(1, viewer(2)).follow({ from: 0 }))).text, "Still here");
  await stage.run(process.answer(1, viewer(2)).cancel({}));
  await stage.run(call.aborted);
  strictEqual((await stage.storage.answers.read(ulid(1)))?.state, "cancelled");
});

Deno.test("[AN8] an answer that nobody reads for the grace is cancelled, one that is read is not", async () => {
  const { stage, process } = await opened({
    answer: { graceMs: 10_000, idleMs: 100_000, firstTokenMs: 100_000 },
  });
  await using _ = stage;
  await stage.run(process.ask(1, { detached: false }));
  await stage.run(process.ask(2, { detached: false }));
  const [one, two] = [await stage.call(1), await stage.call(2)];
  await stage.run(process.answer(2).attend({ node: "n", readers: 1 }));
  await stage.pass(12_000);
  deepStrictEqual([one.signal.aborted, two.signal.aborted], [true, false]);
  await stage.run(process.answer(2).attend({ node: "n", readers: 0 }));
  await stage.pass(12_000);
  strictEqual(two.signal.aborted, true);
});

Deno.test("[AN9] the slot of a cancelled answer comes back after the settling time, and not before", async () => {
  const { stage, process } = await opened({
    use: { inFlightMax: 1, startsPerSecond: 10 },
    answer: { abortSettleMs: 2_000 },
  });
  await using _ = stage;
  await stage.run(process.ask(1));
  await stage.run(process.ask(2));
  const call = await stage.call(1);
  call.say("Hello");
  await stage.pass(1_500);
  await stage.run(process.answer(1, viewer(1)).cancel({}));
  await stage.pass(1_500);
  strictEqual(stage.provider.calls.length, 1);
  await stage.pass(1_500);
  strictEqual(stage.provider.calls.length, 2);
  strictEqual((await stage.storage.answers.read(ulid(1)))?.text, "Hello");
});

Deno.test("[AN10] a fault before anything was shown is not seen: another credential is asked the same", async () => {
  const { stage, process } = await opened({ credentials: 2 });
  await using _ = stage;
  const told = await process.told(1);
  await stage.run(process.ask(1));
  const first = await stage.call(1);
  first.fail(new UpstreamFault("transient", "500"));
  const second = await stage.call(2);
  strictEqual(second.call.credential.id === first.call.credential.id, false);
  strictEqual(second.call.partial, undefined);
  second.say("Hello");
  second.finish();
  await stage.pass(500);
  deepStrictEqual(told.map(({ event }) => event), ["delta", "done"]);
});

Deno.test("[AN10] when all credentials were tried, the first is tried again", async () => {
  const { stage, process } = await opened();
  await using _ = stage;
  await stage.run(process.ask(1));
  (await stage.call(1)).fail(new UpstreamFault("transient", "500"));
  const second = await stage.call(2);
  second.say("Hello");
  second.finish();
  await stage.pass(500);
  strictEqual((await stage.storage.answers.read(ulid(1)))?.text, "Hello");
});

Deno.test("[AN11][AN20] a broken stream is continued with another credential, and the seam cannot be seen", async () => {
  const { stage, process } = await opened({ credentials: 2 });
  await using _ = stage;
  const told = await process.told(1);
  await stage.run(process.ask(1));
  const first = await stage.call(1);
  first.say("The quick brown fox ");
  await stage.settle();
  first.fail(new UpstreamFault("cut", "reset"));
  const second = await stage.call(2);
  strictEqual(second.call.partial, "The quick brown fox ");
  second.say("quick brown fox jumps over ");
  second.say("the lazy dog");
  second.finish();
  await stage.pass(500);
  strictEqual(textOf(told), "The quick brown fox jumps over the lazy dog");
  deepStrictEqual(told.filter(({ event }) => event === "resumed").map(({ body }) => body), [
    { answer: ulid(1), attempt: 2, offset: 20 },
  ]);
});

Deno.test("[AN13] an answer whose calls all fail says so, and how often it was tried", async () => {
  const { stage, process } = await opened({ credentials: 3, answer: { failuresMax: 2 } });
  await using _ = stage;
  const told = await process.told(1);
  await stage.run(process.ask(1));
  for (const n of [1, 2]) (await stage.call(n)).fail(new UpstreamFault("transient", "500"));
  await stage.pass(1_000);
  const { body } = told.at(-1)!;
  strictEqual(body["state"], "failed");
  match(JSON.stringify(body["error"]), /unavailable.*2 times.*transient/);
});

Deno.test("[AN13] an answer is over at the end of its time, and who waits too long is told so", async () => {
  const answer = { totalMaxMs: 20_000, waitMaxMs: 5_000, idleMs: 60_000 };
  const { stage, process } = await opened({ use: { inFlightMax: 1 }, answer });
  await using _ = stage;
  await stage.run(process.ask(1));
  await stage.run(process.ask(2));
  const call = await stage.call(1);
  call.say("and so on");
  await stage.pass(7_000);
  strictEqual((await stage.storage.answers.read(ulid(2)))?.error?.reason, "expired");
  await stage.pass(15_000);
  const stored = await stage.storage.answers.read(ulid(1));
  deepStrictEqual([stored?.error?.reason, stored?.text, call.signal.aborted], ["timeout", "and so on", true]);
});

Deno.test("[AN14] what moderation refuses after it was shown is taken back", async () => {
  const { stage, process } = await opened({ credentials: 2 });
  await using _ = stage;
  const told = await process.told(1);
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  call.say("Something bad");
  await stage.settle();
  call.fail(new UpstreamFault("moderation", "10014"));
  await stage.pass(1_000);
  strictEqual(textOf(told), "");
  strictEqual(stage.provider.calls.length, 1);
  const stored = await stage.storage.answers.read(ulid(1));
  deepStrictEqual([stored?.state, stored?.text, stored?.error?.reason], ["failed", "", "forbidden"]);
});

Deno.test("[AN15] a body that ends without the terminal mark, and silence, are faults", async () => {
  const { stage, process } = await opened({ credentials: 3, answer: { idleMs: 5_000, firstTokenMs: 8_000 } });
  await using _ = stage;
  await stage.run(process.ask(1));
  const cut = await stage.call(1);
  cut.say("one ");
  await stage.settle();
  cut.close();
  const stalled = await stage.call(2);
  stalled.say(
    "and a second part that is long enough to be shown at once, and some more of it, so that nothing is held back",
  );
  await stage.pass(4_000);
  strictEqual(stalled.signal.aborted, false);
  await stage.pass(1_500);
  strictEqual(stalled.signal.aborted, true);
  const mute = await stage.call(3);
  await stage.pass(7_000);
  strictEqual(mute.signal.aborted, false);
  await stage.pass(1_500);
  strictEqual(mute.signal.aborted, true);
  strictEqual((await stage.storage.answers.read(ulid(1)))?.state === "done", false);
});

Deno.test("[AN23] the usage of an answer is the sum of its attempts", async () => {
  const { stage, process } = await opened({ credentials: 2 });
  await using _ = stage;
  await stage.run(process.ask(1));
  const first = await stage.call(1);
  first.say("12345678");
  await stage.settle();
  first.fail(new UpstreamFault("cut", "reset"));
  const second = await stage.call(2);
  second.say("abcd");
  second.emit({ kind: "usage", usage: { promptTokens: 100, completionTokens: 10, estimated: false } });
  second.finish();
  await stage.pass(500);
  const { usage } = (await stage.storage.answers.read(ulid(1)))!;
  deepStrictEqual([usage?.completionTokens, usage?.estimated], [12, true]);
  const totals = await stage.storage.aiUsage.totals({ from: 0, to: stage.clock.now() + 1 });
  strictEqual(totals.reduce((sum, { completionTokens }) => sum + completionTokens, 0), 12);
  strictEqual(totals.reduce((sum, { promptTokens }) => sum + promptTokens, 0), usage?.promptTokens);
});

Deno.test("[AN24] a text over the bound ends with length", async () => {
  const { stage, process } = await opened({ answer: { textMax: 10 } });
  await using _ = stage;
  await stage.run(process.ask(1));
  const call = await stage.call(1);
  call.say("123456789012345");
  await stage.run(call.aborted);
  const stored = await stage.storage.answers.read(ulid(1));
  deepStrictEqual([stored?.state, stored?.reason], ["done", "length"]);
});

Deno.test("[AN16] every slot is free again when all is over, however it ended", async () => {
  const { stage, process } = await opened({ credentials: 2, answer: { failuresMax: 1 } });
  await using _ = stage;
  for (const n of [1, 2, 3, 4]) await stage.run(process.ask(n));
  (await stage.call(1)).finish();
  (await stage.call(2)).fail(new UpstreamFault("transient", "500"));
  await stage.run(process.answer(3, viewer(3)).cancel({}));
  const fourth = await stage.call(4);
  fourth.say("x");
  fourth.finish();
  await stage.pass(3_000);
  const view = await stage.run(process.pool().inspect({}));
  deepStrictEqual([view.leased, view.waiting], [0, 0]);
  strictEqual(process.host.runs.size, 0);
});

Deno.test("[AN14] what moderation refuses in the same breath is never shown", async () => {
  const { stage, process } = await opened({ credentials: 2 });
  await using _ = stage;
  const told = await process.told(1);
  await stage.run(process.ask(1));
  const { call: { uid: lease, credential } } = await stage.call(1);
  await stage.run(
    process.answer(1).pieces({
      ...{ attempt: 1, lease, credential: credential.id, from: 0 },
      pieces: [
        { kind: "text", text: "Something " },
        { kind: "text", text: "bad" },
        { kind: "fault", fault: "moderation", message: "10014" },
      ],
    }),
  );
  deepStrictEqual(told.filter(({ event }) => event === "delta"), []);
  strictEqual((await stage.storage.answers.read(ulid(1)))?.text, "");
});

Deno.test("[AN17] several texts in one command go on from each other, whatever of them was there already", async () => {
  const { stage, process } = await opened();
  await using _ = stage;
  await stage.run(process.ask(1));
  const { call: { uid: lease, credential } } = await stage.call(1);
  const command = { attempt: 1, lease, credential: credential.id, from: 0 };
  const [one, two, three] = ["one ", "two ", "three"].map((text) => ({ kind: "text", text }) as const);
  await stage.run(process.answer(1).pieces({ ...command, pieces: [one!, two!] }));
  await stage.run(process.answer(1).pieces({ ...command, pieces: [one!, two!, three!] }));
  strictEqual((await stage.run(process.answer(1).follow({ from: 0 }))).text, "one two three");
});
