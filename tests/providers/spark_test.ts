import { deepEqual, equal, ok } from "node:assert/strict";
import type { AiMessage, AiRequest } from "protocol/ai.ts";
import { FAULT_KINDS } from "actors/ai/provider.ts";
import { SparkProvider } from "providers/spark.ts";
import { faultOfCode, faultOfStatus, untilMidnightInChina } from "providers/spark_faults.ts";
import { nearestSize } from "providers/spark_image.ts";
import { ask, withoutSystem } from "providers/spark_messages.ts";
import { sparkModel } from "providers/spark_models.ts";
import { signedHeaders, signedUrl } from "providers/spark_signature.ts";
import { SPARK_DOMAINS } from "tests/support/upstream/spark_chat.ts";
import { Upstream } from "tests/support/upstream/upstream.ts";
import { attempt, callOf, IMAGE, kindOf, shape, SLIDES, TEXT } from "./attempt.ts";

const POLL_MS = 20;
const spark = new SparkProvider({ pollMs: POLL_MS });
const LIMITS = { startsPerSecond: 1_000, inFlight: 10 };

function start(options = {}) {
  const upstream = new Upstream({ pollMinMs: POLL_MS - 1, ...options });
  return { upstream, credential: upstream.credential({ id: "a", protocol: "spark", limits: LIMITS }) };
}

Deno.test("[Z30] the signed address is the one of the official example", async () => {
  const url = new URL(
    await signedUrl(
      "wss://spark-api.xf-yun.com/v1.1/chat",
      "GET",
      { apiKey: "addd2272b6d8b7c8abdd79531420ca3b", apiSecret: "MjlmNzkzNmZkMDQ2OTc0ZDdmNGE2ZTZi" },
      new Date("Fri, 05 May 2023 10:43:39 GMT"),
    ),
  );
  equal(url.origin + url.pathname, "wss://spark-api.xf-yun.com/v1.1/chat");
  equal(url.searchParams.get("date"), "Fri, 05 May 2023 10:43:39 GMT");
  equal(url.searchParams.get("host"), "spark-api.xf-yun.com");
  equal(
    atob(url.searchParams.get("authorization") ?? ""),
    'api_key="addd2272b6d8b7c8abdd79531420ca3b", algorithm="hmac-sha256", headers="host date request-line", ' +
      'signature="z5gHdu3pxVV4ADMyk467wOWDQ9q6BQzR3nfMTjc/DaQ="',
  );
  ok(!url.search.includes("+"));
});

Deno.test("[Z30] the signature of slides is HMAC-SHA1 of the MD5 of app and seconds", async () => {
  deepEqual(await signedHeaders("app", "secret", new Date(1_700_000_000_999)), {
    ...{ appId: "app", timestamp: "1700000000" },
    signature: "C2IKAibSlEu0G2LomeqE09PDk/I=",
  });
});

Deno.test("[Z31] a wrong secret is auth, a wrong clock is nobody's fault", async () => {
  const { upstream, credential } = start();
  await using _ = upstream;
  const wrong = { ...credential, secret: { ...credential.secret, apiSecret: "another" } };
  const unknown = { ...credential, secret: { ...credential.secret, apiKey: "another" } };
  const otherApp = { ...credential, secret: { ...credential.secret, appId: "another" } };
  for (const each of [wrong, unknown, otherApp]) {
    equal(kindOf(await attempt(spark, callOf(each))), "auth");
  }
  equal(kindOf(await attempt(spark, callOf(wrong, { request: IMAGE }))), "auth");
  equal(kindOf(await attempt(spark, callOf(wrong, { request: SLIDES }))), "auth");
  upstream.set({ skewMs: 299_000 });
  equal(kindOf(await attempt(spark, callOf(credential))), "none");
  upstream.set({ skewMs: -301_000 });
  for (const request of [TEXT, IMAGE]) {
    const { fault } = await attempt(spark, callOf(credential, { request }));
    deepEqual([fault?.kind, fault?.details.providerWide], ["clock", true]);
  }
});

Deno.test("[Z31] the other statuses of a handshake", () => {
  const kinds = [401, 403, 404, 429, 400, 500, 502, 503].map((status) => faultOfStatus(status).kind);
  deepEqual(kinds, ["auth", "clock", "forbidden", "rate", "invalid", "transient", "transient", "busy"]);
});

Deno.test("[Z32] every code of the interface has its kind", async () => {
  const { upstream, credential } = start();
  await using _ = upstream;
  const table: Readonly<Record<string, readonly number[]>> = {
    transient: [10_000, 10_001, 10_002, 10_009, 10_010, 10_011, 10_012, 10_222, 99_999],
    busy: [10_008, 10_110],
    invalid: [10_003, 10_004, 10_005, 10_163, 11_501],
    moderation: [10_013, 10_014, 10_019, 10_021, 10_022],
    auth: [10_015, 11_500],
    forbidden: [10_016],
    quota: [11_200, 11_201],
    context: [10_907],
    rate: [11_202],
    concurrency: [11_203],
  };
  for (const [kind, codes] of Object.entries(table)) {
    ok(FAULT_KINDS.some((known) => known === kind));
    for (const code of codes) {
      for (const after of [0, 3]) {
        upstream.faults({ fault: { kind: "code", code, after } });
        const made = await attempt(spark, callOf(credential));
        equal(shape(made), after === 0 ? `!${kind}` : `started text !${kind}`, String(code));
        equal(made.fault?.details.code, String(code));
        equal(made.fault?.details.providerWide, kind === "busy" ? true : undefined);
      }
    }
  }
});

Deno.test("[Z32] the daily limit ends at midnight in China", () => {
  equal(untilMidnightInChina(Date.parse("2026-11-21T15:59:59Z")), 1_000);
  equal(untilMidnightInChina(Date.parse("2026-11-21T16:00:00Z")), 86_400_000);
  equal(faultOfCode(11_201, Date.parse("2026-11-21T04:00:00Z")).details.retryAfterMs, 12 * 3_600_000);
});

for (const code of [10_006, 10_007]) {
  Deno.test(`[Z33] a user's name that is taken (${code}) fails this call in passing, and no second one is made`, async () => {
    const { upstream, credential } = start();
    await using _ = upstream;
    upstream.faults({ fault: { kind: "code", code }, calls: [1] });
    const { fault } = await attempt(spark, callOf(credential));
    deepEqual([fault?.kind, fault?.details.code, upstream.counts().faults], ["transient", String(code), 1]);
    equal(shape(await attempt(spark, callOf(credential, { uid: "another" }))), "started text usage end");
  });
}

Deno.test("[Z34] every model has its own address and domain", async () => {
  const { upstream, credential } = start();
  await using _ = upstream;
  const messages: AiMessage[] = [{ role: "system", content: "Be brief" }, { role: "user", content: "Hello" }];
  const request: AiRequest = { feature: "text", messages, options: { temperature: 2, maxTokens: 5 } };
  for (const domain of Object.values(SPARK_DOMAINS)) {
    equal(
      kindOf(await attempt(spark, callOf(credential, { upstreamModel: domain, request }))),
      "none",
      domain,
    );
    equal(upstream.counts("a", `text:${domain}`).completed, 1);
    equal(upstream.counts("a", `text:${domain}`).completionTokens, 5);
  }
  for (const name of ["Ultra", "max", "Pro", "x1.5"]) ok(sparkModel(name));
  equal(kindOf(await attempt(spark, callOf(credential, { upstreamModel: "gpt-4o", request }))), "invalid");
});

Deno.test("[Z34] models that know no system message get it as the user's", () => {
  deepEqual(
    withoutSystem([
      { role: "system", content: "请简短回答" },
      { role: "user", content: "你好" },
      { role: "system", content: "Be kind" },
    ]),
    [
      { role: "user", content: "请简短回答" },
      { role: "assistant", content: "好的。" },
      { role: "user", content: "你好" },
      { role: "user", content: "Be kind" },
    ],
  );
});

Deno.test("[Z34] temperature is kept within theirs, and names within 32 characters", () => {
  const chat = (temperature: number) =>
    JSON.parse(
      ask({
        ...{ appId: "a", uid: "0123456789".repeat(4), model: sparkModel("lite")!, messages: [] },
        ...{ options: { temperature }, maxTokens: undefined },
      }),
    );
  deepEqual([0, 0.5, 2].map((value) => chat(value).parameter.chat.temperature), [0.01, 0.5, 1]);
  equal(chat(1).header.uid.length, 32);
});

Deno.test("[Z36] a picture has the nearest size that the interface paints", async () => {
  const { upstream, credential } = start();
  await using _ = upstream;
  deepEqual(nearestSize(1_024, 1_024), [1_024, 1_024]);
  deepEqual(nearestSize(4_096, 4_096), [1_024, 1_024]);
  deepEqual(nearestSize(1_920, 1_080), [1_280, 720]);
  deepEqual(nearestSize(100, 200), [720, 1_280]);
  deepEqual(nearestSize(64, 64), [512, 512]);
  const wide = { ...IMAGE, width: 1_920, height: 1_080 } as AiRequest;
  const made = await attempt(spark, callOf(credential, { request: wide }));
  equal(shape(made), "started file usage end");
  const kinds: string[] = [];
  for (
    const fault of [{ kind: "moderation" }, { kind: "rate" }, { kind: "reset" }, {
      kind: "status",
      status: 500,
    }] as const
  ) {
    upstream.faults({ fault });
    kinds.push(kindOf(await attempt(spark, callOf(credential, { request: wide }))));
  }
  deepEqual(kinds, ["moderation", "rate", "transient", "transient"]);
  const long = { ...IMAGE, prompt: "x".repeat(1_001) } as AiRequest;
  equal(kindOf(await attempt(spark, callOf(credential, { request: long }))), "invalid");
});

Deno.test("[Z35] slides: the job's id first, then how far they are, then the file", async () => {
  const { upstream, credential } = start({ polls: 2 });
  await using _ = upstream;
  const made = await attempt(spark, callOf(credential, { request: SLIDES }));
  equal(shape(made), "started job progress progress file usage end");
  deepEqual(made.events.flatMap((event) => event.kind === "progress" ? [event.percent] : []), [48, 95]);
  const file = made.events.find((event) => event.kind === "file");
  equal(file?.name, "slides.pptx");
  equal(upstream.hastyPolls, 0);
  equal(upstream.counts().calls, 1);
});

Deno.test("[Z35] a call with the job's id takes it up again without making another", async () => {
  const { upstream, credential } = start({ polls: 1_000 });
  await using _ = upstream;
  const cancelled = new AbortController();
  const broken = await attempt(spark, callOf(credential, { request: SLIDES }), cancelled.signal, (event) => {
    if (event.kind === "progress") cancelled.abort(new Error("The node dies"));
  });
  const job = broken.events.flatMap((event) => event.kind === "job" ? [event.job] : [])[0]!;
  equal(shape(broken), "started job progress");
  upstream.set({ polls: 1 });
  const made = await attempt(spark, callOf(credential, { request: SLIDES, job }));
  equal(shape(made), "started progress file usage end");
  equal(upstream.counts().calls, 1);
  const other = upstream.credential({ id: "b", protocol: "spark", limits: LIMITS });
  equal(kindOf(await attempt(spark, callOf(other, { request: SLIDES, job }))), "invalid");
});

Deno.test("[Z35] slides that came to nothing are not asked for again", async () => {
  const { upstream, credential } = start({ polls: 1 });
  await using _ = upstream;
  upstream.faults({ fault: { kind: "build_failed" }, times: 1 });
  const failed = await attempt(spark, callOf(credential, { request: SLIDES }));
  equal(shape(failed), "started job progress job !transient");
  const job = failed.events.findLast((event) => event.kind === "job")?.job;
  equal(job, "");
  const made = await attempt(spark, callOf(credential, { request: SLIDES, job: "" }));
  equal(shape(made), "started job progress file usage end");
  equal(upstream.counts().calls, 2);
});

Deno.test("[Z35] slides that are refused", async () => {
  const { upstream, credential } = start();
  await using _ = upstream;
  const kinds: string[] = [];
  for (const fault of [{ kind: "moderation" }, { kind: "reset" }, { kind: "code", code: 20_007 }] as const) {
    upstream.faults({ fault });
    kinds.push(kindOf(await attempt(spark, callOf(credential, { request: SLIDES }))));
  }
  deepEqual(kinds, ["moderation", "transient", "auth"]);
});
