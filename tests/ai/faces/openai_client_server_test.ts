import { deepEqual, equal, match, ok, rejects } from "node:assert/strict";
import OpenAI from "openai";
import { AiServer, MODEL, PAINTER } from "tests/support/ai_server.ts";
import { PNG } from "tests/support/upstream/files.ts";
import { textFor } from "tests/support/upstream/generator.ts";
import { HttpClient } from "tests/support/http_client.ts";

const messages = [
  { role: "system", content: "Be brief." },
  { role: "user", content: "Tell me of 蓝色 🌊" },
] as const;
const whole = textFor([...messages], { tokens: 20 });

let site: AiServer;
let client: OpenAI;
let key: string;

Deno.test.beforeAll(async () => {
  site = await AiServer.start({ env: { AI_GRACE_SECONDS: 0 } });
  key = await site.key("ai");
  client = clientOf(key);
});
Deno.test.beforeEach(() => {
  site.upstream.faults();
  site.upstream.set({ tokenMs: 0 });
});
Deno.test.afterAll(() => site[Symbol.asyncDispose]());

function clientOf(apiKey: string, maxRetries = 0): OpenAI {
  return new OpenAI({ apiKey, baseURL: `${site.server.url}/v1`, maxRetries });
}

function ask(more: object = {}) {
  return client.chat.completions.create({ model: MODEL, messages: [...messages], ...more });
}

Deno.test("[AF40] the official client gets a completion with its usage", async () => {
  const before = Math.floor(Date.now() / 1_000);
  const made = await ask();
  match(made.id, /^chatcmpl-[0-9A-Z]{26}$/);
  ok(made.created >= before);
  deepEqual([made.object, made.model, made.choices.length], ["chat.completion", MODEL, 1]);
  const [choice] = made.choices;
  deepEqual([choice?.message.role, choice?.message.content, choice?.finish_reason], [
    "assistant",
    whole,
    "stop",
  ]);
  equal(made.usage?.completion_tokens, 20);
  equal(made.usage?.total_tokens, 20 + (made.usage?.prompt_tokens ?? 0));
});

Deno.test("[AF41] a stream is chunks of one id: the role, the text, the reason, and the usage for who asked for it", async () => {
  const chunks = [];
  const stream = await client.chat.completions.create({
    ...{ model: MODEL, messages: [...messages], stream: true, stream_options: { include_usage: true } },
  });
  for await (const chunk of stream) chunks.push(chunk);
  equal(new Set(chunks.map(({ id }) => id)).size, 1);
  equal(chunks[0]?.choices[0]?.delta.role, "assistant");
  equal(chunks.map(({ choices }) => choices[0]?.delta.content ?? "").join(""), whole);
  deepEqual(chunks.flatMap(({ choices }) => choices[0]?.finish_reason ?? []), ["stop"]);
  const last = chunks.at(-1)!;
  deepEqual([last.choices, last.usage?.completion_tokens], [[], 20]);
  ok(chunks.slice(0, -1).every(({ usage }) => usage === null));
  const plain = await client.chat.completions.create({ model: MODEL, messages: [...messages], stream: true });
  for await (const chunk of plain) equal(chunk.usage, undefined);
});

Deno.test("[AF40] the client's own stream helper puts the message together", async () => {
  const runner = client.chat.completions.stream({ model: MODEL, messages: [...messages] });
  equal(await runner.finalContent(), whole);
});

Deno.test("[AF40] models are listed and looked up; one that is not there is 404", async () => {
  const ids = (await client.models.list()).data.map(({ id, object }) => `${object} ${id}`);
  deepEqual(ids.sort(), [`model ${MODEL}`, `model ${PAINTER}`, "model echo"].sort());
  equal((await client.models.retrieve(MODEL)).id, MODEL);
  await rejects(client.models.retrieve("none"), OpenAI.NotFoundError);
  await rejects(ask({ model: "vendor/none" }), (error: InstanceType<typeof OpenAI.APIError>) => {
    deepEqual([error.status, error.code], [404, "model_not_found"]);
    return error instanceof OpenAI.NotFoundError;
  });
});

Deno.test("[AF40] a picture comes as base64, or as an address that only who asked can read", async () => {
  const made = await client.images.generate({ model: PAINTER, prompt: "A wave", size: "1024x1024" });
  deepEqual(Uint8Array.fromBase64(made.data?.[0]?.b64_json ?? ""), PNG);
  const linked = await client.images.generate({ model: PAINTER, prompt: "A wave", response_format: "url" });
  const url = linked.data?.[0]?.url ?? "";
  ok(url.startsWith(`${site.server.url}/v1/ai/files/`));
  const mine = await fetch(url, { headers: { authorization: `Bearer ${key}` } });
  deepEqual(await mine.bytes(), PNG);
  for (const [token, status] of [[undefined, 401], [await site.key("ai"), 403]] as const) {
    const headers = new Headers(token === undefined ? {} : { authorization: `Bearer ${token}` });
    const other = await fetch(url, { headers });
    await other.body?.cancel();
    equal(other.status, status);
  }
});

Deno.test("[AF42] failures are of the classes that clients choose by", async () => {
  const wrong = clientOf("bk_wrong");
  await rejects(wrong.models.list(), OpenAI.AuthenticationError);
  const other = clientOf(await site.key("rooms"));
  await rejects(
    other.chat.completions.create({ model: MODEL, messages: [...messages] }),
    OpenAI.PermissionDeniedError,
  );
  await rejects(ask({ temperature: 9 }), (error: InstanceType<typeof OpenAI.APIError>) => {
    deepEqual([error.status, error.param], [400, "temperature"]);
    return error instanceof OpenAI.BadRequestError;
  });
  const refused = await fetch(`${site.server.url}/v1/chat/completions`, {
    method: "POST",
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: "{",
  });
  equal(refused.status, 400);
  deepEqual(Object.keys((await refused.json()).error), ["message", "type", "param", "code"]);
});

Deno.test("[AF42] what is not there of OpenAI's API is told as its clients read it", async () => {
  for (
    const call of [
      () => client.embeddings.create({ model: MODEL, input: "x" }),
      () => client.responses.create({ model: MODEL, input: "x" }),
      () => client.files.list(),
      () => client.completions.create({ model: MODEL, prompt: "x" }),
    ]
  ) {
    await rejects(call(), (error: InstanceType<typeof OpenAI.APIError>) => {
      match(error.message, /^404 No route (GET|POST) \/v1\/\w+$/);
      deepEqual([error.status, error.code], [404, "unknown_method"]);
      return error instanceof OpenAI.NotFoundError;
    });
  }
});

Deno.test("[AF42] what a provider refuses for good is the request's fault, and is not repeated", async () => {
  const stubborn = clientOf(key, 3);
  for (
    const [fault, code] of [["context", "context_length_exceeded"], ["moderation", "invalid_params"]] as const
  ) {
    site.upstream.faults({ fault: { kind: fault } });
    const { calls } = site.upstream.counts();
    for (const stream of [false, true]) {
      await rejects(
        stubborn.chat.completions.create({ model: MODEL, messages: [...messages], stream }),
        (error: InstanceType<typeof OpenAI.APIError>) => {
          equal(error.code, code);
          return error instanceof OpenAI.BadRequestError;
        },
      );
    }
    equal(site.upstream.counts().calls, calls + 2);
  }
});

Deno.test("[AF43] what would change the answer is refused by its name; what clients send besides is not", async () => {
  const tools = [{ type: "function", function: { name: "f" } }];
  for (
    const [name, value] of Object.entries({
      ...{ tools, n: 2, logprobs: true, modalities: ["text", "audio"] },
      ...{ response_format: { type: "json_schema", json_schema: { name: "x" } } },
    })
  ) {
    await rejects(ask({ [name]: value }), (error: InstanceType<typeof OpenAI.APIError>) => {
      ok(error.param?.startsWith(name), `${error.param}`);
      return error instanceof OpenAI.BadRequestError;
    }, name);
  }
  const picture = { type: "image_url", image_url: { url: "https://example.com/wave.png" } };
  await rejects(ask({ messages: [{ role: "user", content: [picture] }] }), {
    param: "messages.0.content",
    message: /must be text/,
  });
  const made = await ask({
    ...{ n: 1, tools: [], logprobs: false, top_logprobs: 0, modalities: ["text"], tool_choice: "none" },
    ...{ user: "u-1", store: false, metadata: { a: "b" }, frequency_penalty: 0, parallel_tool_calls: true },
    messages: [
      { role: "developer", content: [{ type: "text", text: "Be brief." }] },
      { role: "assistant", content: "" },
      { role: "user", content: [{ type: "text", text: "Tell me of " }, { type: "text", text: "蓝色 🌊" }] },
    ],
  });
  equal(made.choices[0]?.message.content, whole);
});

Deno.test("[AF44] a client that goes away ends the call, whether it had got text or not", async () => {
  site.upstream.set({ tokenMs: 500 });
  const { abandoned } = site.upstream.counts();
  const stream = await client.chat.completions.create({
    ...{ model: MODEL, messages: [...messages], temperature: 0.5, stream: true },
  });
  for await (const _ of stream) break;
  await site.server.metricIs("barrage_ai_readers", 0);
  const leaving = new AbortController();
  const waiting = fetch(`${site.server.url}/v1/chat/completions`, {
    ...{ method: "POST", signal: leaving.signal },
    headers: { authorization: `Bearer ${key}`, "content-type": "application/json" },
    body: JSON.stringify({ model: MODEL, messages, temperature: 0.5 }),
  });
  const left = rejects(waiting, { name: "AbortError" });
  await site.server.metricIs("barrage_ai_readers", 1);
  leaving.abort();
  await left;
  await site.server.metricIs("barrage_ai_readers", 0);
  await site.upstream.unused();
  equal(site.upstream.counts().abandoned, abandoned + 2);
});

Deno.test("[AF45] the same Idempotency-Key is the same answer of the same user", async () => {
  const { calls } = site.upstream.counts();
  const options = { headers: { "Idempotency-Key": "order-17" } };
  const body = { model: MODEL, messages: [...messages], temperature: 0.7 };
  const first = await client.chat.completions.create(body, options);
  const again = await client.chat.completions.create(body, options);
  deepEqual(again, first);
  const theirs = await clientOf(await site.key("ai")).chat.completions.create(body, options);
  ok(theirs.id !== first.id);
  const id = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
  const named = await client.chat.completions.create(body, { headers: { "Idempotency-Key": id } });
  equal(named.id, `chatcmpl-${id}`);
  equal(site.upstream.counts().calls, calls + 3);
});

Deno.test("[AF46] a stream that breaks for good after some text ends with an error and not with a reason", async () => {
  site.upstream.faults({ fault: { kind: "cut", after: 9 }, times: 1 });
  const got: string[] = [];
  await rejects(async () => {
    const stream = await client.chat.completions.create({
      ...{ model: MODEL, messages: [...messages], response_format: { type: "json_object" }, stream: true },
    });
    for await (const chunk of stream) {
      got.push(chunk.choices[0]?.delta.content ?? "");
      equal(chunk.choices[0]?.finish_reason, null);
    }
  }, (error: InstanceType<typeof OpenAI.APIError>) => error.code === "unavailable");
  ok(got.join("") !== "");
});

Deno.test("[AF47] a stream that breaks is gone on with, and its client sees one text", async () => {
  const before = await site.server.metric("barrage_ai_continued_total");
  site.upstream.faults({ fault: { kind: "cut", after: 9 }, times: 1 });
  const runner = client.chat.completions.stream({ model: MODEL, messages: [...messages] });
  equal(await runner.finalContent(), whole);
  equal(await site.server.metric("barrage_ai_continued_total"), before + 1);
});

Deno.test("[AF48] people ask with their tokens, too; guests do not", async () => {
  const account = await new HttpClient(site.server.url).post<{ token: string }>("/v1/accounts", {
    ...{ login: "ann", password: "correct horse battery staple", transport: "body" },
  });
  const made = await clientOf(account.body.token).chat.completions.create({
    ...{ model: "echo", messages: [{ role: "user", content: "hello" }] },
  });
  match(made.choices[0]?.message.content ?? "", /hello/);
  const { token } = await HttpClient.guest(site.server.url);
  await rejects(
    clientOf(token).chat.completions.create({ model: "echo", messages: [...messages] }),
    OpenAI.PermissionDeniedError,
  );
});

Deno.test("[AF49] a question may be longer than a frame; over AI_BODY_MAX_BYTES it is refused", async () => {
  const long = (pieces: number) =>
    Array.from({ length: pieces }, () => ({ role: "user", content: "a ".repeat(10_000) }));
  const made = await ask({ messages: long(10) });
  equal(made.choices[0]?.finish_reason, "stop");
  await rejects(ask({ messages: long(30) }), (error: InstanceType<typeof OpenAI.APIError>) => {
    equal(error.status, 400);
    return error instanceof OpenAI.BadRequestError;
  });
});

Deno.test("[AF42] who asks for too much is told when to come back; the client does so by itself", async () => {
  // The first call lasts until its client leaves, so that nothing depends on how quick the machine is.
  await using busy = await AiServer.start({
    ...{ credentials: 1, inFlight: 1, tokenMs: 1_000 },
    env: { AI_WAITING_PER_USER_MAX: 1, AI_REQUESTS_PER_DAY: 3, AI_GRACE_SECONDS: 0, AI_IDLE_SECONDS: 20 },
  });
  const statuses: number[] = [];
  const { promise: refused, resolve } = Promise.withResolvers<void>();
  const watched: typeof fetch = async (...request) => {
    const response = await fetch(...request);
    statuses.push(response.status);
    if (response.status === 429) resolve();
    return response;
  };
  const options = { apiKey: await busy.key("ai"), baseURL: `${busy.server.url}/v1` };
  const hasty = new OpenAI({ ...options, maxRetries: 0 });
  const patient = new OpenAI({ ...options, maxRetries: 5, fetch: watched });
  const body = (n: number) => ({
    model: MODEL,
    messages: [{ role: "user" as const, content: `Question ${n}` }],
  });
  const leaving = new AbortController();
  const running = rejects(
    hasty.chat.completions.create(body(1), { signal: leaving.signal }),
    OpenAI.APIUserAbortError,
  );
  await busy.upstream.called(1);
  const waiting = hasty.chat.completions.create(body(2));
  waiting.catch(() => {});
  await busy.server.metricIs(`barrage_ai_waiting{pool="text-${MODEL}"}`, 1);
  await rejects(hasty.chat.completions.create(body(3)), (error: InstanceType<typeof OpenAI.APIError>) => {
    ok(Number(error.headers?.get("retry-after-ms")) > 0);
    return error instanceof OpenAI.RateLimitError;
  });
  const third = patient.chat.completions.create(body(3));
  third.catch(() => {});
  await refused;
  busy.upstream.set({ tokenMs: 0 });
  leaving.abort();
  await running;
  for (const made of await Promise.all([waiting, third])) equal(made.choices[0]?.finish_reason, "stop");
  equal(statuses.at(-1), 200);
  await rejects(hasty.chat.completions.create(body(4)), (error: InstanceType<typeof OpenAI.APIError>) => {
    equal(error.code, "rate_limit_exceeded");
    return error instanceof OpenAI.RateLimitError;
  });
  equal(await busy.server.metric("barrage_ai_over_budget_total"), 1);
});

Deno.test("[AF46] a provider that fails for good before any text is a failure of the server", async () => {
  await using broken = await AiServer.start({ env: { AI_ATTEMPTS_MAX: 1 } });
  broken.upstream.faults({ fault: { kind: "status", status: 500 } });
  const asking = new OpenAI({
    apiKey: await broken.key("ai"),
    baseURL: `${broken.server.url}/v1`,
    maxRetries: 0,
  });
  for (const stream of [false, true]) {
    await rejects(
      asking.chat.completions.create({ model: MODEL, messages: [...messages], stream }),
      OpenAI.InternalServerError,
    );
    broken.upstream.faults({ fault: { kind: "reset" } });
  }
});

Deno.test("[AF51] a server that stops ends its streams, and stops in time", async () => {
  await using stopping = await AiServer.start({ tokenMs: 200 });
  const asking = new OpenAI({
    apiKey: await stopping.key("ai"),
    baseURL: `${stopping.server.url}/v1`,
    maxRetries: 0,
  });
  const stream = await asking.chat.completions.create({
    model: MODEL,
    messages: [...messages],
    stream: true,
  });
  let asked = false;
  await rejects(async () => {
    for await (const _ of stream) {
      if (!asked) stopping.server.signal("SIGTERM");
      asked = true;
    }
  }, OpenAI.APIError);
  equal((await stopping.server.ended()).code, 0);
});
