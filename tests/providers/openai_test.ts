import { deepEqual, equal, ok } from "node:assert/strict";
import type { AiRequest } from "protocol/ai.ts";
import { CONTINUE_INSTRUCTIONS, languageOf } from "providers/continuation.ts";
import { EVENT_CHARS_MAX, REFUSAL_BYTES_MAX } from "providers/limits.ts";
import { OpenAiProvider } from "providers/openai.ts";
import { retryAfter } from "providers/openai_faults.ts";
import { SparkProvider } from "providers/spark.ts";
import { PNG_BASE64 } from "tests/support/upstream/files.ts";
import { Upstream } from "tests/support/upstream/upstream.ts";
import { attempt, callOf, IMAGE, kindOf, PROMPT, shape, SLIDES, TEXT } from "./attempt.ts";
import { said, Scripted } from "./scripted.ts";

const openai = new OpenAiProvider();
const USAGE = { prompt_tokens: 3, completion_tokens: 2 };

async function answered(...events: readonly (string | object)[]) {
  await using upstream = new Scripted();
  upstream.streams(...events);
  return await attempt(openai, callOf(upstream.credential));
}

Deno.test("[Z1] started, text, usage, end; and nothing after it", async () => {
  const made = await answered(
    said("Hel"),
    said("lo", "stop"),
    { choices: [], usage: USAGE },
    "data: [DONE]",
    said("!"),
    { error: { code: 500 } },
  );
  deepEqual(made.events, [
    { kind: "started" },
    { kind: "text", text: "Hel" },
    { kind: "text", text: "lo" },
    { kind: "usage", usage: { promptTokens: 3, completionTokens: 2, estimated: false } },
    { kind: "end", reason: "stop" },
  ]);
});

Deno.test("[Z2] a stream without finish_reason is cut, even with [DONE]", async () => {
  equal(shape(await answered(said("Hello"))), "started text !cut");
  equal(shape(await answered(said("Hello"), "data: [DONE]")), "started text !cut");
  equal(shape(await answered()), "started !cut");
});

Deno.test("[Z20] comments, other fields, null choices, CRLF and an event that nothing ends are endured", async () => {
  await using upstream = new Scripted();
  const lines = [
    ": OPENROUTER PROCESSING\r\n\r\n",
    `event: chunk\r\nid: 7\r\nretry: 10\r\ndata: ${JSON.stringify(said("Hel"))}\r\n\r\n`,
    `data:${JSON.stringify({ choices: null, usage: null })}\n\n`,
    `data: ${JSON.stringify({ choices: [{ delta: null }] })}\n\n`,
    `data: ${JSON.stringify(said("lo", "length"))}`,
  ];
  upstream.answers.push(() =>
    new Response(lines.join(""), { headers: { "content-type": "text/event-stream" } })
  );
  const made = await attempt(openai, callOf(upstream.credential));
  deepEqual([made.text, made.events.at(-1)], ["Hello", { kind: "end", reason: "length" }]);
});

Deno.test("[Z20] 8 events that are no JSON are endured, a ninth is not", async () => {
  const bad = (count: number) => Array.from({ length: count }, () => "data: {oops");
  equal(shape(await answered(said("a"), ...bad(8), said("b", "stop"))), "started text usage end");
  equal(shape(await answered(said("a"), ...bad(9), said("b", "stop"))), "started text !malformed");
  equal(shape(await answered(...bad(1))), "started !malformed");
});

Deno.test("[Z20] an error inside the stream is a fault by its code", async () => {
  const kind = async (error: unknown) => kindOf(await answered(said("a"), { error }));
  equal(await kind({ code: 429, message: "Slow down" }), "rate");
  equal(await kind({ code: "rate_limit_exceeded" }), "rate");
  equal(await kind({ type: "insufficient_quota" }), "quota");
  equal(await kind({ code: 502, message: "Provider returned error" }), "transient");
  equal(await kind({ type: "overloaded_error" }), "busy");
  equal(await kind({ code: "context_length_exceeded", type: "invalid_request_error" }), "context");
  equal(await kind({ code: 403, metadata: { reasons: ["violence"] } }), "moderation");
  equal(await kind("Something went wrong"), "transient");
  equal(kindOf(await answered(said("a", "error"))), "transient");
});

Deno.test("[Z21] refusals by status, code and sentence", async () => {
  await using upstream = new Scripted();
  const kind = async (status: number, error: unknown) => {
    upstream.refuses(status, error);
    return kindOf(await attempt(openai, callOf(upstream.credential)));
  };
  const table: readonly (readonly [string, number, unknown])[] = [
    ["auth", 401, { code: "invalid_api_key", message: "Incorrect API key provided: sk-secret-of-a" }],
    ["forbidden", 401, { code: "ip_not_authorized", message: "Your IP is not allowed" }],
    ["quota", 402, { message: "Insufficient credits" }],
    ["forbidden", 403, { code: "unsupported_country_region_territory" }],
    ["moderation", 403, { message: "Your input was flagged", metadata: { reasons: ["x"] } }],
    ["forbidden", 404, { code: "model_not_found" }],
    ["transient", 408, {}],
    ["context", 413, {}],
    ["rate", 429, { type: "requests", code: "rate_limit_exceeded" }],
    ["rate", 429, "Too many requests"],
    ["rate", 429, { code: "rate_limit_exceeded", message: "Rate limit reached; add credit to raise it" }],
    ["quota", 429, { type: "insufficient_quota", code: "credit_balance_exhausted" }],
    ["concurrency", 429, { message: "Max parallel requests reached" }],
    ["context", 400, { code: "context_length_exceeded" }],
    ["context", 400, { message: "prompt is too long: 210000 tokens" }],
    ["moderation", 400, { code: "content_policy_violation" }],
    ["moderation", 400, { code: "data_inspection_failed" }],
    ["invalid", 400, { message: `Cannot parse ${PROMPT}` }],
    ["invalid", 422, {}],
    ["transient", 500, {}],
    ["transient", 502, undefined],
    ["busy", 503, {}],
    ["busy", 529, {}],
    ["malformed", 304, {}],
  ];
  for (const [expected, status, error] of table) {
    if (status === 304) upstream.answers.push(() => new Response(null, { status }));
    const got = status === 304
      ? kindOf(await attempt(openai, callOf(upstream.credential)))
      : await kind(status, error);
    equal(got, expected, `${status} ${JSON.stringify(error)}`);
  }
  upstream.answers.push(() => new Response("<h1>502 Bad Gateway</h1>", { status: 502 }));
  equal(kindOf(await attempt(openai, callOf(upstream.credential))), "transient");
});

Deno.test("[Z21] [Z32] Spark's codes mean the same over this protocol", async () => {
  await using upstream = new Scripted();
  upstream.refuses(403, {
    message: "AppIdNoAuthError (sid: cha)",
    type: "api_error",
    param: null,
    code: "11200",
  });
  equal(kindOf(await attempt(openai, callOf(upstream.credential))), "quota");
  upstream.refuses(400, { type: "invalid_request_error", code: "10005" });
  equal(kindOf(await attempt(openai, callOf(upstream.credential))), "invalid");
  equal(kindOf(await answered(said("a"), { error: { code: "11202" } })), "rate");
  equal(kindOf(await answered({ code: 11_203, message: "AppIdConcurrencyOverFlowError" })), "concurrency");
  equal(kindOf(await answered({ code: 0, ...said("a") }, { code: 0, ...said("", "stop") })), "none");
});

Deno.test("[Z20] a stream may be cut into pieces anywhere, also inside a character", async () => {
  await using upstream = new Scripted();
  const text = `: 好\r\ndata: ${JSON.stringify(said("江河😀"))}\r\n\r\ndata: ${
    JSON.stringify(said("水", "stop"))
  }\n\n`;
  const bytes = new TextEncoder().encode(`${text}data: [DONE]\n\n`);
  let at = 0;
  const pull = (controller: ReadableStreamDefaultController) =>
    at < bytes.length ? controller.enqueue(bytes.slice(at, ++at)) : controller.close();
  upstream.answers.push(() =>
    new Response(new ReadableStream({ pull }), { headers: { "content-type": "text/event-stream" } })
  );
  const made = await attempt(openai, callOf(upstream.credential));
  deepEqual([shape(made), made.text], ["started text usage end", "江河😀水"]);
});

Deno.test("[Z5] a code that is no code is not passed on", async () => {
  await using upstream = new Scripted();
  const code = async (given: string) => {
    upstream.refuses(400, { code: given, message: PROMPT });
    return (await attempt(openai, callOf(upstream.credential))).fault?.details.code;
  };
  equal(await code("unknown_parameter"), "unknown_parameter");
  equal(await code("sk-secret-of-a"), "400");
  equal(await code("key.sk-secret-of-a.x"), "400");
  equal(await code("Tell me of the river"), "400");
});

Deno.test("[Z22] how long to wait, in each of the ways in which it is told", () => {
  const now = Date.UTC(2026, 10, 21);
  const wait = (headers: Record<string, string>, sentence?: string) =>
    retryAfter(new Headers(headers), sentence, now);
  equal(wait({ "retry-after-ms": "1500.5" }), 1_501);
  equal(wait({ "x-ms-retry-after-ms": "20", "retry-after": "7" }), 20);
  equal(wait({ "retry-after": "7" }), 7_000);
  equal(wait({ "retry-after": new Date(now + 9_000).toUTCString() }), 9_000);
  equal(wait({ "retry-after": new Date(now - 9_000).toUTCString() }), 0);
  equal(wait({ "retry-after": "-1" }), 0);
  equal(wait({ "retry-after": "soon" }), undefined);
  equal(wait({ "retry-after": "99999999999" }), 7 * 86_400_000);
  equal(wait({}, "Rate limit reached. Please try again in 1.5s."), 1_500);
  equal(wait({}, "Please try again in 6m0s"), 360_000);
  equal(wait({}, "Please try again in 20ms."), 20);
  equal(wait({}, "Please try again in a while"), undefined);
  equal(wait({ "x-ratelimit-reset-requests": "6m0s" }), undefined);
});

Deno.test("[Z23] an answer in one piece is taken", async () => {
  await using upstream = new Scripted();
  upstream.answers.push(() =>
    Response.json({ choices: [{ message: { content: "Hello" }, finish_reason: "stop" }], usage: USAGE })
  );
  const made = await attempt(openai, callOf(upstream.credential));
  deepEqual([shape(made), made.text], ["started text usage end", "Hello"]);
  upstream.answers.push(() => Response.json({ error: { code: 429 } }));
  equal(kindOf(await attempt(openai, callOf(upstream.credential))), "rate");
  upstream.answers.push(() => new Response("<html>", { headers: { "content-type": "text/html" } }));
  equal(kindOf(await attempt(openai, callOf(upstream.credential))), "malformed");
});

Deno.test("[Z24] options go out under the names that the model knows, and only those that were given", async () => {
  await using upstream = new Scripted();
  const asked = async (upstreamModel: string, options: object) => {
    upstream.streams(said("a", "stop"));
    const request = { ...TEXT, options } as AiRequest;
    await attempt(openai, callOf(upstream.credential, { upstreamModel, request }));
    const { model: _, messages: __, stream, stream_options: ___, ...rest } = upstream.received.at(-1)!.body;
    equal(stream, true);
    return rest;
  };
  deepEqual(await asked("gpt-4o", {}), {});
  deepEqual(
    await asked("gpt-4o", { temperature: 0, topP: 0.5, maxTokens: 9, stop: ["\n"], seed: 7, json: true }),
    {
      ...{ temperature: 0, top_p: 0.5, max_tokens: 9, stop: ["\n"], seed: 7 },
      response_format: { type: "json_object" },
    },
  );
  deepEqual(await asked("o3-mini", { maxTokens: 9 }), { max_completion_tokens: 9 });
  equal(upstream.received[0]?.headers.get("authorization"), "Bearer sk-secret-of-a");
  equal(upstream.received[0]?.path, "/v1/chat/completions");
});

Deno.test("[Z10] a continuation by instruction in the text's language, or by prefill, with what is left of its tokens", async () => {
  await using upstream = new Scripted();
  const asked = async (provider: OpenAiProvider, partial: string) => {
    upstream.streams(said("a", "stop"));
    const request = { ...TEXT, options: { maxTokens: 100 } } as AiRequest;
    await attempt(provider, callOf(upstream.credential, { request, partial }));
    return upstream.received.at(-1)!.body;
  };
  const user = { role: "user", content: PROMPT };
  const english = await asked(openai, "The river was");
  deepEqual(english["messages"], [
    user,
    { role: "assistant", content: "The river was" },
    { role: "user", content: CONTINUE_INSTRUCTIONS.en },
  ]);
  equal(english["max_tokens"], 96);
  const chinese = await asked(openai, "那条河 River 很长");
  deepEqual((chinese["messages"] as object[]).at(-1), { role: "user", content: CONTINUE_INSTRUCTIONS.zh });
  const prefilled = await asked(new OpenAiProvider({ prefill: true }), "The river was");
  deepEqual(prefilled["messages"], [user, { role: "assistant", content: "The river was" }]);
});

Deno.test("[Z11] only the model that refused prefill is asked by instruction from then on", async () => {
  await using upstream = new Upstream();
  const credential = upstream.credential({ id: "a", limits: { startsPerSecond: 100, inFlight: 100 } });
  upstream.faults({ fault: { kind: "no_prefill" } });
  const provider = new OpenAiProvider({ prefill: true });
  const kinds: string[] = [];
  for (const upstreamModel of ["x", "x", "y", "x", "y"]) {
    kinds.push(kindOf(await attempt(provider, callOf(credential, { upstreamModel, partial: "The" }))));
  }
  deepEqual(kinds, ["transient", "none", "transient", "none", "none"]);
});

Deno.test("[Z9] the call of a tool is told once and not shown", async () => {
  const tool = { choices: [{ delta: { tool_calls: [{ index: 0, function: { name: "f" } }] } }] };
  const made = await answered(tool, tool, said("", "tool_calls"));
  deepEqual(made.events[1], { kind: "unshown", what: "tool" });
  equal(shape(made), "started unshown usage end");
  deepEqual(made.events.at(-1), { kind: "end", reason: "tool_calls" });
});

Deno.test("[Z6] a redirect is not followed", async () => {
  await using upstream = new Scripted();
  await using elsewhere = new Scripted();
  upstream.answers.push(() => new Response(null, { status: 307, headers: { location: elsewhere.url } }));
  equal(kindOf(await attempt(openai, callOf(upstream.credential))), "malformed");
  deepEqual(elsewhere.received, []);
});

Deno.test("[Z7] an event, a stream and a refusal have bounds", async () => {
  for (const more of [1, 1_000_000]) {
    const made = await answered(said("a"), said("x".repeat(EVENT_CHARS_MAX + more), "stop"));
    equal(kindOf(made), "malformed");
  }
  await using upstream = new Scripted();
  const endless = (line: string) => () =>
    new Response(
      new ReadableStream({ pull: (controller) => controller.enqueue(new TextEncoder().encode(line)) }),
      { headers: { "content-type": "text/event-stream" } },
    );
  upstream.answers.push(endless(`data: ${JSON.stringify(said("x".repeat(100_000)))}\n\n`));
  const made = await attempt(openai, callOf(upstream.credential));
  equal(kindOf(made), "malformed");
  ok(made.text.length < 34_000_000);
  upstream.answers.push(() => Response.json({ error: "x".repeat(REFUSAL_BYTES_MAX) }, { status: 429 }));
  equal(kindOf(await attempt(openai, callOf(upstream.credential))), "rate");
});

Deno.test("[Z25] a picture comes in base64 or by address", async () => {
  await using upstream = new Upstream();
  const credential = upstream.credential({ id: "a", limits: { startsPerSecond: 10, inFlight: 2 } });
  for (const images of ["inline", "url"] as const) {
    upstream.set({ images });
    const made = await attempt(openai, callOf(credential, { request: IMAGE, upstreamModel: "dall-e-3" }));
    equal(shape(made), "started file usage end");
    const file = made.events[1];
    ok(file?.kind === "file");
    deepEqual([file.type, file.name, file.bytes.toBase64()], ["image/png", "picture.png", PNG_BASE64]);
  }
});

Deno.test("[Z24] [Z25] base64 is asked for only where that is known", async () => {
  await using upstream = new Scripted();
  const asked = async (upstreamModel: string) => {
    upstream.answers.push(() => Response.json({ data: [{ b64_json: PNG_BASE64 }] }));
    await attempt(openai, callOf(upstream.credential, { request: IMAGE, upstreamModel }));
    return upstream.received.at(-1)!.body;
  };
  deepEqual(await asked("dall-e-3"), {
    ...{ model: "dall-e-3", prompt: PROMPT, n: 1, size: "1024x1024" },
    response_format: "b64_json",
  });
  equal((await asked("gpt-image-1"))["response_format"], undefined);
});

Deno.test("[Z13] [Z14] a picture that is none, or lies elsewhere, is malformed", async () => {
  await using upstream = new Scripted();
  await using elsewhere = new Scripted();
  const kind = async (data: object) => {
    upstream.answers.push(() => Response.json({ data: [data] }));
    return kindOf(await attempt(openai, callOf(upstream.credential, { request: IMAGE })));
  };
  equal(await kind({ b64_json: btoa("<html><script>") }), "malformed");
  equal(await kind({ b64_json: "%%%" }), "malformed");
  equal(await kind({ url: `${elsewhere.url}/x.png` }), "malformed");
  equal(await kind({}), "malformed");
  deepEqual(elsewhere.received, []);
});

Deno.test("[Z42] by itself it makes no slides", async () => {
  await using upstream = new Scripted();
  equal(kindOf(await attempt(openai, callOf(upstream.credential, { request: SLIDES }))), "invalid");
});

Deno.test("[Z10] a text is Chinese with a few foreign words in it, and not because there are Han characters in it", () => {
  const texts = [
    "请写 hello world",
    "你好，world",
    "The word 水 means water",
    "日本の歴史を紹介します",
    "1 + 1",
    "",
    "это река",
  ];
  deepEqual(texts.map(languageOf), ["zh", "zh", "en", "en", "en", "en", "en"]);
});

Deno.test("[Z5] a base address that is none is the credential's trouble, and is not quoted", async () => {
  const spark = new SparkProvider();
  const secret = { appId: "app-7", apiKey: "key-7", apiSecret: "secret-7" };
  for (const baseUrl of ["", "elsewhere", "ftp://key-7@example.org", "javascript:1"]) {
    for (
      const [provider, request] of [[openai, TEXT], [spark, TEXT], [spark, IMAGE], [spark, SLIDES]] as const
    ) {
      const upstreamModel = "lite";
      const credential = { id: "a", provider: provider.name, baseUrl, secret };
      equal(kindOf(await attempt(provider, callOf(credential, { request, upstreamModel }))), "forbidden");
    }
  }
});
