import { deepEqual, equal, ok } from "node:assert/strict";
import type { FaultKind, OpenCredential, Provider } from "actors/ai/provider.ts";
import { OpenAiProvider } from "providers/openai.ts";
import { SparkProvider } from "providers/spark.ts";
import { script, textFor } from "tests/support/upstream/generator.ts";
import type { FaultRule } from "tests/support/upstream/faults.ts";
import { Upstream } from "tests/support/upstream/upstream.ts";
import { attempt, callOf, shape, TEXT } from "./attempt.ts";

const TOKENS = 20;
const WHOLE = TEXT.feature === "text" ? textFor(TEXT.messages, { tokens: TOKENS }) : "";
const FIRST_FIVE = TEXT.feature === "text"
  ? script(TEXT.messages, { tokens: TOKENS }).tokens.slice(0, 5).join("")
  : "";
const COMPLETE = "started text usage end";

const PROTOCOLS: readonly { readonly name: "openai" | "spark"; readonly provider: () => Provider }[] = [
  { name: "openai", provider: () => new OpenAiProvider() },
  { name: "spark", provider: () => new SparkProvider() },
];

/** What each fault of an upstream comes to: how the call looks, and what the fault says. */
interface Case {
  readonly fault: FaultRule["fault"];
  readonly shape: string | Readonly<Record<"openai" | "spark", string>>;
  readonly details?: Partial<Record<"openai" | "spark", object>>;
  readonly text?: string;
  /** Only this often; the call after is well. */
  readonly times?: number;
  readonly only?: "openai";
}

const CASES: Readonly<Record<string, Case>> = {
  "1. 429 with Retry-After": {
    fault: { kind: "rate", retryAfterMs: 3_000 },
    shape: "!rate",
    details: { openai: { retryAfterMs: 3_000 }, spark: { retryAfterMs: 1_000, code: "11202" } },
  },
  "2. 429 without Retry-After": {
    fault: { kind: "rate" },
    shape: "!rate",
    details: { openai: { code: "rate_limit_exceeded" }, spark: { retryAfterMs: 1_000 } },
  },
  "a 429 that means concurrency": {
    fault: { kind: "concurrency" },
    shape: "!concurrency",
    details: { spark: { code: "11203" } },
  },
  "a 429 that means an empty purse": {
    fault: { kind: "quota" },
    shape: "!quota",
    details: { openai: { code: "insufficient_quota" }, spark: { code: "11200" } },
  },
  "3. one 500": { fault: { kind: "status", status: 500 }, shape: "!transient", times: 1 },
  "4. a persistent 503": {
    fault: { kind: "status", status: 503 },
    shape: "!busy",
    details: { openai: { providerWide: true }, spark: { providerWide: true } },
  },
  "5. a reset before the headers": { fault: { kind: "reset" }, shape: "!transient" },
  "7. a slow first token": { fault: { kind: "slow", ms: 100 }, shape: COMPLETE, text: WHOLE },
  "8. a stream cut in the middle": {
    fault: { kind: "cut", after: 5 },
    shape: "started text !cut",
    text: FIRST_FIVE,
  },
  "8. a stream that ends in the middle as if all were well": {
    fault: { kind: "truncated", after: 5 },
    shape: "started text !cut",
    text: FIRST_FIVE,
  },
  "10. a malformed chunk": { fault: { kind: "garbage", after: 5 }, shape: COMPLETE, text: WHOLE },
  "10. nothing but malformed chunks": {
    fault: { kind: "garbage", after: 0, lines: 100 },
    shape: { openai: "started !malformed", spark: "!malformed" },
  },
  "11. no [DONE]": { fault: { kind: "no_done" }, shape: COMPLETE, text: WHOLE, only: "openai" },
  "12. context too long": { fault: { kind: "context" }, shape: "!context" },
  "13. a content filter before the first token": { fault: { kind: "moderation" }, shape: "!moderation" },
  "13. a content filter in the middle": {
    fault: { kind: "moderation", after: 5 },
    shape: { openai: COMPLETE, spark: "started text !moderation" },
    text: FIRST_FIVE,
  },
};

async function prepared(name: "openai" | "spark", options = {}) {
  const upstream = new Upstream({ tokens: TOKENS, ...options });
  const limits = { startsPerSecond: 1_000, inFlight: 10 };
  const credential: OpenCredential = upstream.credential({ id: "a", protocol: name, limits });
  return await Promise.resolve({ upstream, credential });
}

for (const { name, provider } of PROTOCOLS) {
  for (const [title, expected] of Object.entries(CASES)) {
    if (expected.only !== undefined && expected.only !== name) continue;
    Deno.test(`[Z12] [Z5] ${name}: ${title}`, async () => {
      const { upstream, credential } = await prepared(name);
      await using _ = upstream;
      upstream.faults({
        fault: expected.fault,
        ...(expected.times === undefined ? {} : { times: expected.times }),
      });
      const one = provider();
      const made = await attempt(one, callOf(credential));
      equal(made.thrown, undefined);
      equal(shape(made), typeof expected.shape === "string" ? expected.shape : expected.shape[name]);
      if (expected.text !== undefined) equal(made.text, expected.text);
      for (const [key, value] of Object.entries(expected.details?.[name] ?? {})) {
        equal(made.fault?.details[key as keyof typeof made.fault.details], value, key);
      }
      const again = await attempt(one, callOf(credential));
      equal(shape(again), expected.times === undefined ? shape(made) : COMPLETE);
      await upstream.unused();
    });
  }

  Deno.test(`[Z12] [Z4] ${name}: 6. no response at all`, async () => {
    const { upstream, credential } = await prepared(name);
    await using _ = upstream;
    upstream.faults({ fault: { kind: "silent" } });
    const cancelled = new AbortController();
    const call = attempt(provider(), callOf(credential), cancelled.signal);
    await upstream.called(1);
    cancelled.abort(new Error("Enough"));
    const made = await call;
    deepEqual([made.events, String(made.thrown)], [[], "Error: Enough"]);
    await upstream.silent();
  });

  Deno.test(`[Z12] [Z4] ${name}: 9. a stall in the middle, until the caller has had enough`, async () => {
    const { upstream, credential } = await prepared(name);
    await using _ = upstream;
    upstream.faults({ fault: { kind: "stall", after: 5 } });
    const cancelled = new AbortController();
    let seen = "";
    const made = await attempt(provider(), callOf(credential), cancelled.signal, (event) => {
      if (event.kind === "text") seen += event.text;
      if (seen === FIRST_FIVE) cancelled.abort(new Error("Enough"));
    });
    deepEqual([shape(made), made.text, String(made.thrown)], ["started text", FIRST_FIVE, "Error: Enough"]);
    await upstream.unused();
    await upstream.silent();
    equal(upstream.counts().abandoned, 1);
  });

  Deno.test(`[Z4] ${name}: an upstream notices at once that nobody reads on`, async () => {
    const { upstream, credential } = await prepared(name, { tokens: 1_000, tokenMs: 5 });
    await using _ = upstream;
    for await (const event of provider().call(callOf(credential), new AbortController().signal)) {
      if (event.kind === "text") break;
    }
    await upstream.unused();
    await upstream.silent();
    const { abandoned, completionTokens } = upstream.counts();
    equal(abandoned, 1);
    ok(completionTokens < 500, `${completionTokens} tokens were made for nobody`);
  });

  Deno.test(`[Z4] ${name}: a cancelled call is hung up on also when nobody waits for its next event`, async () => {
    const { upstream, credential } = await prepared(name, { tokens: 10_000, tokenMs: 5 });
    await using _ = upstream;
    const cancelled = new AbortController();
    const events = provider().call(callOf(credential), cancelled.signal)[Symbol.asyncIterator]();
    await events.next();
    cancelled.abort(new Error("Enough"));
    await upstream.unused();
    await upstream.silent();
    equal(upstream.counts().abandoned, 1);
    let thrown: unknown;
    while (thrown === undefined) await events.next().catch((error) => thrown = error);
    equal(String(thrown), "Error: Enough");
  });

  Deno.test(`[Z4] ${name}: a call that was cancelled before it began is not made`, async () => {
    const { upstream, credential } = await prepared(name);
    await using _ = upstream;
    const made = await attempt(provider(), callOf(credential), AbortSignal.abort(new Error("Enough")));
    deepEqual([made.events, String(made.thrown)], [[], "Error: Enough"]);
    equal(upstream.counts().calls, 0);
  });

  Deno.test(`[Z12] [Z11] ${name}: 14. a continuation that is refused as prefill is made by instruction`, async () => {
    const { upstream, credential } = await prepared(name);
    await using _ = upstream;
    upstream.faults({ fault: { kind: "no_prefill" } });
    const one = name === "openai" ? new OpenAiProvider({ prefill: true }) : provider();
    const call = () => attempt(one, callOf(credential, { partial: FIRST_FIVE }));
    if (one.prefill) {
      const { fault } = await call();
      deepEqual([fault?.kind, fault?.details.code], ["transient", "prefill_rejected"]);
    }
    equal(FIRST_FIVE + (await call()).text, WHOLE);
  });

  Deno.test(`[Z12] ${name}: 15. a primary that flaps is told as it is, call by call`, async () => {
    const { upstream, credential } = await prepared(name);
    await using _ = upstream;
    upstream.faults({ fault: { kind: "status", status: 500 }, flap: { down: 2, up: 1 } });
    const one = provider();
    const kinds: (FaultKind | "none")[] = [];
    for (let n = 0; n < 6; n++) kinds.push((await attempt(one, callOf(credential))).fault?.kind ?? "none");
    deepEqual(kinds, ["transient", "transient", "none", "transient", "transient", "none"]);
  });

  Deno.test(`[Z12] [Z8] ${name}: 16. usage is what the upstream says, or an estimate that says so`, async () => {
    const { upstream, credential } = await prepared(name);
    await using _ = upstream;
    const usage = async () => {
      const { events } = await attempt(provider(), callOf(credential));
      return events.flatMap((event) => event.kind === "usage" ? [event.usage] : []);
    };
    deepEqual(await usage(), [{ promptTokens: 13, completionTokens: TOKENS, estimated: false }]);
    upstream.faults({ fault: { kind: "no_usage" } });
    const [estimated] = await usage();
    equal(estimated?.estimated, true);
    equal(estimated?.promptTokens, 13);
    ok(estimated.completionTokens > 5 && estimated.completionTokens < 60);
  });

  Deno.test(`[Z9] ${name}: what is thought is not shown`, async () => {
    const { upstream, credential } = await prepared(name);
    await using _ = upstream;
    upstream.faults({ fault: { kind: "unshown", what: "reasoning" } });
    const made = await attempt(provider(), callOf(credential));
    equal(shape(made), "started unshown text usage end");
    equal(made.text, WHOLE);
  });

  Deno.test(`[Z12] [Z3] ${name}: 11. an answer whose body does not end is hung up on`, async () => {
    const { upstream, credential } = await prepared(name);
    await using _ = upstream;
    upstream.faults({ fault: { kind: "no_done", hang: true } });
    const made = await attempt(provider(), callOf(credential));
    deepEqual([shape(made), made.text], [COMPLETE, WHOLE]);
    await upstream.unused();
    await upstream.silent();
    equal(upstream.counts().abandoned, 1);
  });

  Deno.test(`[Z1] ${name}: a call is over only when its slot is free`, async () => {
    const { upstream, credential } = await prepared(name, { tokens: 5 });
    await using _ = upstream;
    const limited = upstream.credential({
      ...{ id: "b", protocol: name },
      limits: { startsPerSecond: 10_000, inFlight: 1 },
    });
    const one = provider();
    for (let n = 0; n < 200; n++) equal(shape(await attempt(one, callOf(limited))), COMPLETE);
    equal(upstream.over, 0);
    equal(credential.id, "a");
  });

  Deno.test(`[Z10] ${name}: a continuation goes on exactly where it stopped, in either language`, async () => {
    const { upstream, credential } = await prepared(name);
    await using _ = upstream;
    for (const content of ["What is a river?", "什么是河流？"]) {
      const request = { ...TEXT, messages: [{ role: "user" as const, content }] };
      const whole = textFor(request.messages, { tokens: TOKENS });
      for (const at of [1, Math.floor(whole.length / 2), whole.length - 1]) {
        const partial = whole.slice(0, at);
        const made = await attempt(
          provider(),
          callOf(credential, { request: request as typeof TEXT, partial }),
        );
        equal(partial + made.text, whole);
      }
    }
  });

  Deno.test(`[Z10] [Z12] ${name}: through random faults, a call that is made again and continued comes to the whole text`, async () => {
    const { upstream, credential } = await prepared(name);
    await using _ = upstream;
    const by = { probability: 0.15 };
    upstream.faults(
      { fault: { kind: "cut", after: 3 }, ...by },
      { fault: { kind: "truncated", after: 1 }, ...by },
      { fault: { kind: "garbage", after: 2, lines: 3 }, ...by },
      { fault: { kind: "code", code: name === "spark" ? 10_012 : 502, after: 2 }, ...by },
      { fault: { kind: "status", status: 500 }, ...by },
      { fault: { kind: "reset" }, ...by },
      { fault: { kind: "rate" }, ...by },
    );
    const one = provider();
    for (let n = 0; n < 30; n++) {
      const messages = [{ role: "user" as const, content: n % 2 ? `River ${n}?` : `第${n}条河流？` }];
      const request = { ...TEXT, messages } as typeof TEXT;
      let partial = "";
      for (let ended = false; !ended;) {
        const made = await attempt(one, callOf(credential, { request, partial }));
        partial += made.text;
        ended = made.events.at(-1)?.kind === "end";
      }
      equal(partial, textFor(messages, { tokens: TOKENS }));
    }
    equal(upstream.over, 0);
    ok(upstream.counts().faults > 20);
  });
}
