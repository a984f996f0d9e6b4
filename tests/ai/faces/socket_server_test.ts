import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import type { AiDelta, AiDone, AnswerView } from "protocol/ai.ts";
import type { AskedAi } from "protocol/ai_methods.ts";
import { json } from "protocol/json.ts";
import { msgpack } from "protocol/msgpack.ts";
import { AiServer, MODEL } from "tests/support/ai_server.ts";
import { SocketClient } from "tests/support/socket_client.ts";
import { textFor } from "tests/support/upstream/generator.ts";

let site: AiServer;
let token: string;

Deno.test.beforeAll(async () => {
  site = await AiServer.start({ env: { AI_GRACE_SECONDS: 0 } });
  token = await site.key("ai");
});
Deno.test.beforeEach(() => {
  site.upstream.faults();
  site.upstream.set({ tokenMs: 20 });
});
Deno.test.afterAll(() => site[Symbol.asyncDispose]());

const wholeOf = (text: string) => textFor([{ role: "user", content: text }], { tokens: 20 });
const greet = (codec = {}) => SocketClient.greet(site.server.socketUrl, token, codec);

type Notice = { readonly method: string; readonly params: unknown };

/** Takes what is told of this answer until its end; each piece of text has to fit behind the text before. */
async function readOn(
  socket: SocketClient,
  answer: string,
  text = "",
): Promise<{ text: string; done: AiDone }> {
  for (;;) {
    const { method, params } = await socket.take(
      (message): message is Notice & typeof message =>
        "method" in message && (message.params as AiDelta).answer === answer,
      "something of the answer",
    ) as Notice;
    if (method === "ai.done") return { text, done: params as AiDone };
    if (method === "ai.resumed") text = text.slice(0, (params as AiDelta).offset);
    if (method !== "ai.delta") continue;
    const { offset, text: more } = params as AiDelta;
    equal(offset, text.length);
    text += more;
  }
}

for (const codec of [json, msgpack]) {
  Deno.test(`[AF10] ${codec.name}: asking answers where it stands, and everything after it follows, once`, async () => {
    await using socket = await greet({ codec });
    const asked = await socket.call<AskedAi>("ai.ask", { model: MODEL, text: "Waves" });
    deepEqual([asked.merged, asked.view.offset], [false, 0]);
    const { text, done } = await readOn(socket, asked.answer, asked.view.text);
    equal(text, wholeOf("Waves"));
    deepEqual([done.state, done.offset, done.usage?.completionTokens], ["done", text.length, 20]);
  });
}

Deno.test("[AF10] asking again with the same id reads the same answer, from another socket, too", async () => {
  await using one = await greet();
  await using two = await greet();
  const id = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
  const { calls } = site.upstream.counts();
  const first = await one.call<AskedAi>("ai.ask", { model: MODEL, text: "Tides", id });
  const second = await two.call<AskedAi>("ai.ask", { model: MODEL, text: "Tides", id });
  for (const [socket, { answer, view }] of [[one, first], [two, second]] as const) {
    equal(answer, id);
    equal((await readOn(socket, answer, view.text)).text, wholeOf("Tides"));
  }
  equal(site.upstream.counts().calls, calls + 1);
  const { view } = await one.call<AskedAi>("ai.ask", { model: MODEL, text: "Tides", id });
  deepEqual([view.state, view.text], ["done", wholeOf("Tides")]);
});

Deno.test("[AF11] following again from another offset replaces, unfollowing ends", async () => {
  site.upstream.set({ tokenMs: 100 });
  await using socket = await greet();
  const { answer } = await socket.call<AskedAi>("ai.ask", { model: MODEL, text: "Foam" });
  await socket.next("ai.delta");
  await socket.call("ai.unfollow", { answer });
  await site.server.metricIs("barrage_ai_readers", 0);
  socket.inbox.splice(0);
  const [one, two] = await Promise.all([
    socket.call<AnswerView>("ai.follow", { answer, from: 3 }).catch((error) => error),
    socket.call<AnswerView>("ai.follow", { answer, from: 5 }),
  ]);
  ok(one instanceof Error || one.offset === 3);
  equal(await site.server.metric("barrage_ai_readers"), 1);
  const { text } = await readOn(socket, answer, wholeOf("Foam").slice(0, 5) + two.text);
  equal(text, wholeOf("Foam"));
});

Deno.test("[AF11] a socket reads so many answers at a time, and those that ended do not count", async () => {
  site.upstream.set({ tokenMs: 200 });
  await using socket = await greet();
  for (let n = 0; n < 32; n++) {
    await socket.call("ai.ask", { model: MODEL, text: `Question ${n}`, feature: "text" });
  }
  await rejects(socket.call("ai.ask", { model: MODEL, text: "One more" }), { reason: "overloaded" });
  await socket.next("ai.done", () => true, AbortSignal.timeout(20_000));
  await socket.call("ai.ask", { model: "echo", text: "One more" });
});

Deno.test("[AF12] a socket that is gone reads no longer: an answer that nobody reads ends after the grace", async () => {
  await site.upstream.unused();
  site.upstream.set({ tokenMs: 200 });
  const { abandoned } = site.upstream.counts();
  {
    await using socket = await greet();
    await socket.call("ai.ask", { model: MODEL, text: "Gone" });
    await socket.next("ai.delta");
  }
  await site.server.metricIs("barrage_ai_readers", 0);
  await site.upstream.unused();
  equal(site.upstream.counts().abandoned, abandoned + 1);
});

Deno.test("[AF10] threads, models and cancelling over the socket", async () => {
  await using socket = await greet();
  const { models } = await socket.call<{ models: { model: string }[] }>("ai.models");
  ok(models.some(({ model }) => model === MODEL));
  const thread = "01JD3Y4B6V8Q2Z5K7M9N0P1R2T";
  site.upstream.set({ tokenMs: 100 });
  const asked = await socket.call<AskedAi>("ai.ask", { model: MODEL, text: "Sand", thread });
  await socket.next("ai.delta");
  await rejects(socket.call("ai.ask", { model: MODEL, text: "Next", thread }), { reason: "conflict" });
  await socket.call("ai.cancel", { answer: asked.answer });
  equal((await socket.next("ai.done", ({ answer }) => answer === asked.answer)).state, "cancelled");
  const { threads } = await socket.call<{ threads: { thread: string }[] }>("ai.threads");
  deepEqual(threads.map((one) => one.thread), [thread]);
  const { turns } = await socket.call<{ turns: { answer: AnswerView }[] }>("ai.thread", { thread });
  deepEqual(turns.map(({ answer }) => answer.state), ["cancelled"]);
  await socket.call("ai.forget", { thread });
  await rejects(socket.call("ai.thread", { thread }), { reason: "not_found" });
});

Deno.test("[AF13] readers on another connection than the one that asked see a broken stream gone on with", async () => {
  site.upstream.faults({ fault: { kind: "cut", after: 9 }, times: 1 });
  await using socket = await greet();
  const { answer, view } = await socket.call<AskedAi>("ai.ask", { model: MODEL, text: "Reefs" });
  await using other = await greet();
  const from = await other.call<AnswerView>("ai.follow", { answer });
  equal((await readOn(other, answer, from.text)).text, wholeOf("Reefs"));
  equal((await readOn(socket, answer, view.text)).text, wholeOf("Reefs"));
});
