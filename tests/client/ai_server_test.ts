import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { type AiAnswer, aiFile, Barrage } from "client/mod.ts";
import { AiServer, MODEL, PAINTER } from "tests/support/ai_server.ts";
import { Cable } from "tests/support/cable.ts";
import { PNG } from "tests/support/upstream/files.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { textFor } from "tests/support/upstream/generator.ts";

const UNTIL_MS = 20_000;
const random = () => 0.01;

let site: AiServer;
let token: string;

Deno.test.beforeAll(async () => {
  site = await AiServer.start({ tokens: 60, env: { AI_WAITING_PER_USER_MAX: 3 } });
  token = await site.key("ai");
});
Deno.test.beforeEach(() => {
  site.upstream.faults();
  site.upstream.set({ tokenMs: 10 });
});
Deno.test.afterAll(() => site[Symbol.asyncDispose]());

const wholeOf = (text: string) => textFor([{ role: "user", content: text }], { tokens: 60 });

/** The text as somebody puts it together who is told pieces only. */
async function shown(answer: AiAnswer, each: (pieces: number) => void = () => {}): Promise<string> {
  let text = "";
  let pieces = 0;
  for await (const piece of answer) {
    text = text.slice(0, piece.offset) + piece.text;
    each(++pieces);
  }
  return text;
}

Deno.test("[AF70] the client asks and reads an answer of a real server", async () => {
  await using barrage = new Barrage({ url: site.server.url, token, random });
  const answer = barrage.ai.ask({ model: MODEL, text: "Waves" });
  equal(await shown(answer), wholeOf("Waves"));
  ok(answer.state.status === "done" && answer.state.usage?.completionTokens === 60);
  ok((await barrage.ai.models()).some(({ model }) => model === MODEL));
});

Deno.test("[AF72] the connection breaks again and again in the middle, and nothing is missing or comes twice", async () => {
  await using cable = new Cable(site.server.port);
  await using barrage = new Barrage({ url: cable.url, token, random });
  site.upstream.set({ tokenMs: 30 });
  const { calls } = site.upstream.counts();
  let pulled = 0;
  const text = await shown(barrage.ai.ask({ model: MODEL, text: "Tides" }), (pieces) => {
    if (pieces % 4 !== 0) return;
    pulled++;
    cable.pull();
    cable.plug();
  });
  equal(text, wholeOf("Tides"));
  ok(pulled >= 2, `${pulled}`);
  equal(site.upstream.counts().calls, calls + 1);
});

Deno.test("[AF72] an answer that ended while there was no connection is read afterwards", async () => {
  await using cable = new Cable(site.server.port);
  await using barrage = new Barrage({ url: cable.url, token, random });
  const done = await site.server.metric('barrage_ai_answers_total{state="done"}');
  const answer = barrage.ai.ask({ model: MODEL, text: "Foam" });
  const text = shown(answer, (pieces) => pieces === 1 && cable.pull());
  await site.server.metricIs('barrage_ai_answers_total{state="done"}', done + 1);
  cable.plug();
  equal(await text, wholeOf("Foam"));
});

Deno.test("[AF72] a broken stream and a broken connection at once are one text", async () => {
  await using cable = new Cable(site.server.port);
  await using barrage = new Barrage({ url: cable.url, token, random });
  site.upstream.faults({ fault: { kind: "cut", after: 30 }, times: 1 });
  const text = await shown(barrage.ai.ask({ model: MODEL, text: "Reefs" }), (pieces) => {
    if (pieces !== 3) return;
    cable.pull();
    cable.plug();
  });
  equal(text, wholeOf("Reefs"));
});

Deno.test("[AF75][AF76] threads are asked in and read; cancelling keeps what there is", async () => {
  await using barrage = new Barrage({ url: site.server.url, token, random });
  const { ai } = barrage;
  const thread = "01JD3Y4B6V8Q2Z5K7M9N0P1R2T";
  equal(await ai.ask({ model: MODEL, text: "Sand", thread }).whole(), wholeOf("Sand"));
  site.upstream.set({ tokenMs: 100 });
  const second = ai.ask({ model: MODEL, text: "And?", thread });
  const { promise: some, resolve } = Promise.withResolvers<void>();
  second.on("text", () => resolve());
  await some;
  equal(second.thread, thread);
  await rejects(ai.ask({ model: MODEL, text: "Next", thread }).whole(), { reason: "conflict" });
  await second.cancel();
  equal(second.state.status, "cancelled");
  const { turns } = await ai.thread(thread);
  deepEqual(turns.map(({ question, answer }) => `${question} ${answer.state}`), [
    "Sand done",
    "And? cancelled",
  ]);
  ok(turns[1]!.answer.text.startsWith(second.text));
  equal((await ai.threads()).threads[0]?.title, "Sand");
  await ai.forget(thread);
  deepEqual((await ai.threads()).threads, []);
});

Deno.test("[AF75] of two who asked the same, one may cancel while the other reads it to its end", async () => {
  const [ann, ben] = await Promise.all(["ann", "ben"].map(async (login) => {
    const { body } = await new HttpClient(site.server.url).post<{ token: string }>("/v1/accounts", {
      ...{ login, password: "correct horse battery staple", transport: "body" },
    });
    return new Barrage({ url: site.server.url, token: body.token, random });
  })) as [Barrage, Barrage];
  await using _ = ann;
  await using __ = ben;
  site.upstream.set({ tokenMs: 50 });
  const { calls } = site.upstream.counts();
  const question = { model: MODEL, text: "Spray" };
  const mine = ann.ai.ask(question);
  await mine.asked();
  const theirs = ben.ai.ask(question);
  await theirs.asked();
  equal(theirs.id, mine.id);
  await mine.cancel();
  equal(mine.state.status, "cancelled");
  equal(await theirs.whole(), wholeOf("Spray"));
  equal(site.upstream.counts().calls, calls + 1);
});

Deno.test("[AF79] what an answer has made is fetched with the token of who asked, and by nobody else", async () => {
  await using barrage = new Barrage({ url: site.server.url, token, random });
  const answer = barrage.ai.ask({ feature: "image", model: PAINTER, text: "A wave" });
  await answer.whole();
  const [made] = answer.view?.files ?? [];
  const ask = { url: site.server.url, file: made?.id ?? "" };
  const picture = await aiFile({ ...ask, token });
  deepEqual([picture.type, await picture.bytes()], ["image/png", PNG]);
  await rejects(aiFile({ ...ask, token: await site.key("ai") }), { reason: "forbidden" });
  await rejects(aiFile({ ...ask, token, file: token }), { reason: "invalid_params" });
  await rejects(aiFile({ ...ask, url: "http://127.0.0.1:1" }), { reason: "unavailable" });
});

Deno.test("[AF74] a server that is not there for longer fails the answer for good only when the client gives up", async () => {
  await using cable = new Cable(site.server.port);
  const barrage = new Barrage({ url: cable.url, token, random });
  const answer = barrage.ai.ask({ model: MODEL, text: "Gone" });
  const reading = shown(answer, (pieces) => pieces === 1 && cable.pull());
  const { promise: waiting, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, UNTIL_MS);
  barrage.on("state", ({ status }) => status === "waiting" && resolve());
  await waiting;
  clearTimeout(timer);
  equal(answer.state.status, "running");
  barrage.close();
  await rejects(reading, { reason: "unavailable" });
});
