import { deepEqual, equal, match, ok } from "node:assert/strict";
import type { AiDelta, AiDone, AnswerView } from "protocol/ai.ts";
import type { AiUsageSums } from "protocol/ai_keys.ts";
import type { AskedAi } from "protocol/ai_methods.ts";
import type { Problem } from "protocol/problem.ts";
import { AiServer, MODEL, PAINTER } from "tests/support/ai_server.ts";
import { EventReader, type ServerEvent } from "tests/support/event_reader.ts";
import { HttpClient } from "tests/support/http_client.ts";
import { PNG } from "tests/support/upstream/files.ts";
import { textFor } from "tests/support/upstream/generator.ts";
import type { z } from "zod";

let site: AiServer;
let client: HttpClient;

Deno.test.beforeAll(async () => {
  site = await AiServer.start({ env: { AI_GRACE_SECONDS: 0 } });
  client = await site.program("ai");
});
Deno.test.beforeEach(() => {
  site.upstream.faults();
  site.upstream.set({ tokenMs: 0 });
});
Deno.test.afterAll(() => site[Symbol.asyncDispose]());

function wholeOf(text: string): string {
  return textFor([{ role: "user", content: text }], { tokens: 20 });
}

async function ask(body: object, as = client): Promise<AskedAi> {
  const made = await as.post<AskedAi>("/v1/ai/answers", { model: MODEL, ...body });
  equal(made.status, 202, JSON.stringify(made.body));
  return made.body;
}

async function events(answer: string, lastEventId?: string, as = client): Promise<EventReader> {
  return await EventReader.open(`${site.server.url}/v1/ai/answers/${answer}/events`, {
    authorization: `Bearer ${as.token}`,
    ...(lastEventId === undefined ? {} : { "last-event-id": lastEventId }),
  });
}

async function rest(reader: EventReader): Promise<ServerEvent[]> {
  const all = [];
  for (let one = await reader.next(); one !== undefined; one = await reader.next()) all.push(one);
  return all;
}

/** The text that these events make of what there was. */
function textOf(told: readonly ServerEvent[], text = ""): string {
  for (const { event, data } of told) {
    const { offset } = data as AiDelta;
    if (event === "ai.answer" || event === "ai.delta") text = text.slice(0, offset) + (data as AiDelta).text;
    if (event === "ai.resumed") text = text.slice(0, offset);
  }
  return text;
}

/** Until the answer has ended. */
async function ended(answer: string, as = client): Promise<AnswerView> {
  await using reader = await events(answer, undefined, as);
  await rest(reader);
  return (await as.get<AnswerView>(`/v1/ai/answers/${answer}`)).body;
}

Deno.test("[AF60] an answer that is asked for goes on though nobody reads it, and is read from any offset", async () => {
  site.upstream.set({ tokenMs: 100 });
  const { answer, merged, view } = await ask({ text: "Waves" });
  deepEqual([merged, view.text], [false, ""]);
  await site.server.metricIs('barrage_ai_answers_total{state="done"}', 1);
  const read = await client.get<AnswerView>(`/v1/ai/answers/${answer}?from=7`);
  deepEqual([read.body.state, read.body.offset, read.body.text], ["done", 7, wholeOf("Waves").slice(7)]);
  const again = await client.get<Problem>(`/v1/ai/answers/${answer}?from=-1`);
  deepEqual([again.status, again.body.reason], [422, "invalid_params"]);
});

Deno.test("[AF60] asking again with the same id is the same answer; deleting ends it and keeps its text", async () => {
  site.upstream.set({ tokenMs: 200 });
  const id = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
  const { calls } = site.upstream.counts();
  await ask({ text: "Tides", id });
  await ask({ text: "Tides", id });
  await using reader = await events(id);
  const first = [await reader.next(), await reader.next()];
  equal((await client.delete(`/v1/ai/answers/${id}`)).status, 204);
  const last = (await rest(reader)).at(-1);
  deepEqual([last?.event, (last?.data as AiDone).state], ["ai.done", "cancelled"]);
  ok(textOf(first as ServerEvent[]).length > 0);
  const { body } = await client.get<AnswerView>(`/v1/ai/answers/${id}`);
  ok(wholeOf("Tides").startsWith(body.text) && body.text !== "");
  equal(site.upstream.counts().calls, calls + 1);
  equal((await client.delete(`/v1/ai/answers/${id}`)).status, 204);
});

Deno.test("[AF61] events tell the whole answer; Last-Event-ID resumes after what was read, and ends what was read to its end", async () => {
  site.upstream.set({ tokenMs: 50 });
  const { answer } = await ask({ text: "Currents" });
  const seen: ServerEvent[] = [];
  {
    await using reader = await events(answer);
    equal(reader.response.headers.get("content-type"), "text/event-stream; charset=utf-8");
    while (seen.length < 3) seen.push((await reader.next())!);
  }
  equal(seen[0]?.event, "ai.answer");
  match(seen.at(-1)!.id!, /^1:\d+$/);
  await using resumed = await events(answer, seen.at(-1)!.id);
  const others = await rest(resumed);
  equal((others[0]?.data as AnswerView).offset, Number(seen.at(-1)!.id!.slice(2)));
  equal(textOf(others, textOf(seen)), wholeOf("Currents"));
  const end = others.at(-1)!;
  deepEqual([end.event, (end.data as AiDone).state], ["ai.done", "done"]);
  const headers = { authorization: `Bearer ${client.token}`, "last-event-id": end.id! };
  const nothing = await fetch(`${site.server.url}/v1/ai/answers/${answer}/events`, { headers });
  deepEqual([nothing.status, await nothing.text()], [204, ""]);
  const bad = await client.get<Problem>(`/v1/ai/answers/${answer}/events`, { "last-event-id": "x" });
  equal(bad.status, 422);
});

Deno.test("[AF61] who comes back to a text that was made anew since is given it from its beginning", async () => {
  const { answer } = await ask({ text: "Foam" });
  await ended(answer);
  await using reader = await events(answer, "7:5");
  const [first] = await rest(reader);
  deepEqual([(first?.data as AnswerView).offset, (first?.data as AnswerView).text], [0, wholeOf("Foam")]);
});

Deno.test("[AF62] files are for those who asked, and no browser makes a page of them", async () => {
  const { answer } = await ask({ feature: "image", model: PAINTER, text: "A wave" });
  const { files, state } = await ended(answer);
  equal(state, "done");
  const path = `${site.server.url}/v1/ai/files/${files?.[0]?.id}`;
  const read = await fetch(path, { headers: { authorization: `Bearer ${client.token}` } });
  deepEqual(await read.bytes(), PNG);
  const headers = Object.fromEntries(
    ["content-type", "x-content-type-options", "content-security-policy", "cross-origin-resource-policy"]
      .map((name) => [name, read.headers.get(name)]),
  );
  deepEqual(headers, {
    "content-type": "image/png",
    "x-content-type-options": "nosniff",
    "content-security-policy": "sandbox; default-src 'none'",
    "cross-origin-resource-policy": "same-origin",
  });
  match(read.headers.get("content-disposition") ?? "", /^attachment; filename\*=UTF-8''[\w.%-]+$/);
  match(read.headers.get("cache-control") ?? "", /^private\b/);
  const other = await site.program("ai");
  equal((await other.get(`/v1/ai/files/${files?.[0]?.id}`)).status, 403);
  equal((await new HttpClient(site.server.url).get(`/v1/ai/files/${files?.[0]?.id}`)).status, 401);
});

Deno.test("[AF63] threads are asked in, listed, read and removed over HTTP, too", async () => {
  const owner = await site.program("ai");
  const thread = "01JD3Y4B6V8Q2Z5K7M9N0P1R2T";
  const first = await ask({ text: "Waves", thread }, owner);
  equal(first.thread, thread);
  await ended(first.answer, owner);
  const second = await ask({ regenerate: true, thread }, owner);
  await ended(second.answer, owner);
  const { body: list } = await owner.get<{ threads: { title: string }[] }>("/v1/ai/threads");
  deepEqual(list.threads.map(({ title }) => title), ["Waves"]);
  const { body } = await owner.get<{ turns: { seq: number; answer: AnswerView }[] }>(
    `/v1/ai/threads/${thread}`,
  );
  deepEqual(body.turns.map(({ seq, answer }) => [seq, answer.answer]), [[2, second.answer]]);
  equal(body.turns[0]?.answer.text, wholeOf("Waves"));
  equal((await client.get(`/v1/ai/threads/${thread}`)).status, 403);
  equal((await owner.delete(`/v1/ai/threads/${thread}`)).status, 204);
  equal((await owner.get(`/v1/ai/threads/${thread}`)).status, 404);
});

Deno.test("[AF60] what cannot be asked is refused with its path", async () => {
  for (
    const [body, status, reason] of [
      [{}, 422, "invalid_params"],
      [{ text: "a", messages: [{ role: "user", content: "b" }] }, 422, "invalid_params"],
      [{ text: "a", model: "none" }, 404, "not_found"],
      [{ text: "a", feature: "slides" }, 404, "not_found"],
      [{ feature: "image", model: PAINTER, text: "x".repeat(5_000) }, 422, "invalid_params"],
    ] as const
  ) {
    const refused = await client.post<Problem>("/v1/ai/answers", { model: MODEL, ...body });
    deepEqual([refused.status, refused.body.reason], [status, reason], JSON.stringify(body).slice(0, 80));
  }
});

Deno.test("[AF64] /metrics tells what answers came to, and who reads them", async () => {
  const text = await (await fetch(`${site.server.url}/metrics`)).text();
  for (
    const name of [
      "barrage_ai_calls",
      "barrage_ai_repeated_total",
      "barrage_ai_continued_total",
      "barrage_ai_over_budget_total",
      "barrage_ai_read_answers",
      "barrage_ai_readers",
      "barrage_ai_requests",
    ]
  ) match(text, new RegExp(`^${name} \\d`, "m"));
  ok(await site.server.metric('barrage_ai_answers_total{state="done"}') > 1);
  equal(await site.server.metric('barrage_ai_answers_total{state="cancelled"}'), 1);
  // What calls have cost, by the key that was used, is what operators are told of it.
  const { body } = await site.operator.get<z.infer<typeof AiUsageSums>>("/v1/ai/usage");
  const sums = { attempts: 0, promptTokens: 0, completionTokens: 0 };
  for (const key of new Set(body.usage.map(({ key }) => key))) {
    sums.attempts += await site.server.metric(`barrage_ai_key_calls_total{key="${key}"}`);
    sums.promptTokens += await site.server.metric(`barrage_ai_key_tokens_total{key="${key}",of="prompt"}`);
    sums.completionTokens += await site.server.metric(
      `barrage_ai_key_tokens_total{key="${key}",of="completion"}`,
    );
  }
  const { attempts, promptTokens, completionTokens } = body;
  deepEqual(sums, { attempts, promptTokens, completionTokens });
  ok(attempts > 1 && completionTokens > 1);
});
