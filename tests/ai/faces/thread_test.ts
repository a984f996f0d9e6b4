import { deepStrictEqual, ok, rejects, strictEqual } from "node:assert/strict";
import { answerActor } from "actors/ai/answer/definition.ts";
import { threadActor } from "actors/ai/thread/definition.ts";
import { messagesFor } from "actors/ai/thread/window.ts";
import { ThreadDesk } from "routes/gateway/ai/thread_desk.ts";
import type { SignedIn } from "routes/verifier.ts";
import { type AiProcess, AiStage, type AiStageOptions } from "tests/support/ai_stage.ts";
import { guest, ulid, viewer } from "tests/support/room_stage.ts";

const THREAD = ulid(500);

async function open(options: AiStageOptions = {}) {
  const stage = await AiStage.open(options);
  return { stage, process: await stage.start() };
}

function thread(process: AiProcess, user = 1, id = THREAD) {
  return process.node.ref(threadActor, id, viewer(user));
}

/** Asks, and lets the upstream say this. */
async function exchange(
  stage: AiStage,
  process: AiProcess,
  n: number,
  text: string | undefined,
  reply: string,
) {
  const calls = stage.provider.calls.length;
  const asked = await stage.run(
    thread(process).ask({ answer: ulid(n), ...(text === undefined ? {} : { text }) }),
  );
  const call = await stage.call(calls + 1);
  call.say(reply);
  call.finish();
  await stage.pass(1_000);
  return { asked, request: call.call.request };
}

function said(request: unknown): string[] {
  const { messages } = request as { messages: { role: string; content: string }[] };
  return messages.map(({ role, content }) => `${role}: ${content}`);
}

async function history(stage: AiStage, process: AiProcess, page: object = {}) {
  const { turns, ...rest } = await stage.run(thread(process).history({ limit: 100, ...page }));
  return { ...rest, asked: turns.map(({ seq, question, answer }) => `${seq} ${question} ${Number(answer)}`) };
}

Deno.test("[AF20][AF21] a thread begins with its first question, and each later one carries what was said before", async () => {
  const { stage, process } = await open();
  await using _ = stage;
  await exchange(stage, process, 1, "  What is\n a wave?  ", "Water that moves.");
  const { request, asked } = await exchange(stage, process, 2, "How fast?", "It depends.");
  deepStrictEqual(said(request), [
    "user:   What is\n a wave?  ",
    "assistant: Water that moves.",
    "user: How fast?",
  ]);
  strictEqual(asked.seq, 2);
  const { thread: { title, model }, asked: turns } = await history(stage, process);
  deepStrictEqual([title, model], ["What is a wave?", "m1"]);
  deepStrictEqual(turns, ["1   What is\n a wave?   1", "2 How fast? 2"]);
});

Deno.test("[AF22] while a question is being answered the next one is refused; cancelling makes way", async () => {
  const { stage, process } = await open();
  await using _ = stage;
  await stage.run(thread(process).ask({ answer: ulid(1), text: "First" }));
  const call = await stage.call(1);
  call.say("Half a repl");
  await stage.pass(100);
  const second = () => stage.run(thread(process).ask({ answer: ulid(2), text: "Second" }));
  await rejects(second(), { reason: "conflict" });
  await rejects(stage.run(thread(process).ask({ answer: ulid(3) })), { reason: "conflict" });
  await stage.run(process.node.ref(answerActor, ulid(1), viewer(1)).cancel({}));
  strictEqual((await second()).seq, 2);
  const next = await stage.call(2);
  deepStrictEqual(said(next.call.request), ["user: First", "assistant: Half a repl", "user: Second"]);
});

Deno.test("[AF23] asking again with the same id is the same turn, while it is answered, later, and when it was replaced", async () => {
  const { stage, process } = await open();
  await using _ = stage;
  const again = () => stage.run(thread(process).ask({ answer: ulid(1), text: "First" }));
  const [one, two] = await Promise.all([again(), again()]);
  deepStrictEqual([one.seq, two.seq], [1, 1]);
  const call = await stage.call(1);
  strictEqual((await again()).view.state, "running");
  call.say("Reply");
  call.finish();
  await stage.pass(1_000);
  strictEqual((await again()).view.text, "Reply");
  await exchange(stage, process, 2, undefined, "Another");
  strictEqual((await again()).view.text, "Reply");
  strictEqual(stage.provider.calls.length, 2);
  deepStrictEqual((await history(stage, process)).asked, ["2 First 2"]);
});

Deno.test("[AF23] when the process dies after asking, asking again puts the question into its place", async () => {
  const { stage, process } = await open({ answer: { totalMaxMs: 600_000, waitMaxMs: 600_000 } });
  await using _ = stage;
  process.storage.faultNext({ kind: "refuse", error: new Error("lost") });
  const asked = stage.run(thread(process).ask({ answer: ulid(1), text: "First" }));
  await asked.catch(() => {});
  const second = await stage.run(thread(process).ask({ answer: ulid(1), text: "First" }));
  deepStrictEqual([second.seq, second.answer], [1, ulid(1)]);
  deepStrictEqual((await history(stage, process)).asked, ["1 First 1"]);
});

Deno.test("[AF24] asking the last question again replaces its answer, which the model is not shown", async () => {
  const { stage, process } = await open();
  await using _ = stage;
  await rejects(stage.run(thread(process).ask({ answer: ulid(9) })), { reason: "conflict" });
  await exchange(stage, process, 1, "First", "One.");
  await exchange(stage, process, 2, "Second", "Two.");
  const { request } = await exchange(stage, process, 3, undefined, "Better.");
  deepStrictEqual(said(request), ["user: First", "assistant: One.", "user: Second"]);
  deepStrictEqual((await history(stage, process)).asked, ["1 First 1", "3 Second 3"]);
  const { request: next } = await exchange(stage, process, 4, "Third", "Three.");
  deepStrictEqual(said(next).slice(2), ["user: Second", "assistant: Better.", "user: Third"]);
  strictEqual((await stage.storage.answers.read(ulid(2)))?.text, "Two.");
});

Deno.test("[AF25] a thread is its owner's alone; guests begin none", async () => {
  const { stage, process } = await open();
  await using _ = stage;
  await exchange(stage, process, 1, "First", "One.");
  const other = thread(process, 2);
  await rejects(stage.run(other.ask({ answer: ulid(7), text: "Mine?" })), { reason: "forbidden" });
  await rejects(stage.run(other.history({ limit: 1 })), { reason: "forbidden" });
  await rejects(stage.run(other.forget({})), { reason: "forbidden" });
  const visitor = process.node.ref(threadActor, ulid(501), guest(3));
  await rejects(stage.run(visitor.ask({ answer: ulid(8), text: "Hello" })), { reason: "forbidden" });
  strictEqual(await stage.storage.threads.read(ulid(501)), undefined);
  await rejects(stage.run(thread(process, 1, ulid(502)).history({ limit: 1 })), { reason: "not_found" });
});

Deno.test("[AF26] a thread that is forgotten is gone, and its id may begin another", async () => {
  const { stage, process } = await open();
  await using _ = stage;
  await exchange(stage, process, 1, "First", "One.");
  await stage.run(thread(process).forget({}));
  await stage.run(thread(process).forget({}));
  await rejects(history(stage, process), { reason: "not_found" });
  const { asked, request } = await exchange(stage, process, 2, "Anew", "Two.");
  strictEqual(asked.seq, 1);
  deepStrictEqual(said(request), ["user: Anew"]);
});

Deno.test("[AF26] with a thread go all answers that were asked in it, the replaced one and the one that was under way", async () => {
  const { stage, process } = await open();
  await using _ = stage;
  await stage.run(process.ask(9, { user: 1 }));
  (await stage.call(1)).finish();
  await stage.pass(500);
  await exchange(stage, process, 1, "First", "One.");
  await exchange(stage, process, 2, undefined, "Again.");
  await stage.run(thread(process).ask({ answer: ulid(3), text: "And?" }));
  const last = await stage.call(4);
  last.say("So");
  await stage.settle();
  await stage.run(thread(process).forget({}));
  ok(last.signal.aborted);
  const left = await stage.storage.answers.readMany([1, 2, 3, 9].map(ulid));
  deepStrictEqual(left.map(({ id }) => id), [ulid(9)]);
  await stage.pass(30_000);
  strictEqual(stage.provider.calls.length, 4);
});

Deno.test("[AF20] a thread goes on in the next process as it stood", async () => {
  const { stage, process } = await open();
  await using _ = stage;
  await exchange(stage, process, 1, "First", "One.");
  process.kill();
  const second = await stage.start();
  const asked = await stage.run(thread(second).ask({ answer: ulid(2), text: "Second" }), 120_000);
  strictEqual(asked.seq, 2);
  await rejects(stage.run(thread(second, 2).history({ limit: 1 })), { reason: "forbidden" });
});

Deno.test("[AF27] threads and turns are read page by page, the answers with them", async () => {
  const { stage, process } = await open();
  await using _ = stage;
  const { threads, answers } = stage.storage;
  const desk = new ThreadDesk({ node: process.node, threads, answers });
  const caller = viewer(1) as SignedIn;
  for (const n of [1, 2, 3]) await exchange(stage, process, n, `Question ${n}`, `Reply ${n}`);
  await stage.run(thread(process, 1, ulid(501)).ask({ answer: ulid(4), text: "Elsewhere" }));
  const first = await desk.list(caller, { limit: 1 });
  deepStrictEqual(first.threads.map(({ title }) => title), ["Elsewhere"]);
  const second = await desk.list(caller, { limit: 1, before: first.next! });
  deepStrictEqual(second.threads.map(({ thread }) => thread), [THREAD]);
  deepStrictEqual(await desk.list(viewer(2) as SignedIn, { limit: 1, before: THREAD }), { threads: [] });
  const last = await stage.run(desk.history(caller, { thread: THREAD, limit: 2 }));
  deepStrictEqual(last.turns.map(({ question, answer }) => `${question}: ${answer.text}`), [
    "Question 2: Reply 2",
    "Question 3: Reply 3",
  ]);
  const before = await stage.run(desk.history(caller, { thread: THREAD, limit: 2, before: last.next! }));
  deepStrictEqual([before.turns.map(({ seq }) => seq), before.next], [[1], undefined]);
});

Deno.test("[AF21] as many whole exchanges go along, from the end, as fit into the model's window", () => {
  const earlier = Array.from({ length: 10 }, (_, n) => ({ question: `q${n}`, answer: "word ".repeat(40) }));
  const all = messagesFor(earlier, "now", 100_000);
  strictEqual(all.length, 21);
  const some = messagesFor(earlier, "now", 1_024 + 200);
  ok(some.length > 1 && some.length < 21 && some.length % 2 === 1, `${some.length}`);
  strictEqual(some[0]?.role, "user");
  deepStrictEqual(some.at(-1), { role: "user", content: "now" });
  strictEqual(some.at(-3)?.content, "q9");
  strictEqual(messagesFor(earlier, "now", 10).length, 1);
  ok(messagesFor(earlier, "now", 2_000, 1_900).length < messagesFor(earlier, "now", 2_000, 100).length);
});

Deno.test("[AF21] an answer longer than a message may be goes along with its end, and all of them have a bound", () => {
  const long = [{ question: "q", answer: `${"x".repeat(40_000)}end` }];
  const [, answer] = messagesFor(long, "now", 1_000_000);
  strictEqual(answer?.content.length, 32_000);
  ok(answer?.content.endsWith("end"));
  const many = Array.from({ length: 40 }, () => ({ question: "q", answer: "x".repeat(30_000) }));
  const sum = messagesFor(many, "now", 100_000_000).reduce((total, { content }) => total + content.length, 0);
  ok(sum > 150_000 && sum <= 200_000, `${sum}`);
});
