import { deepEqual, equal, ok } from "node:assert/strict";
import { OpenAiProvider } from "providers/openai.ts";
import { SparkProvider } from "providers/spark.ts";
import { FaultPlan } from "tests/support/upstream/faults.ts";
import { randomFrom, script, textFor } from "tests/support/upstream/generator.ts";
import { Meter } from "tests/support/upstream/limits.ts";
import { Upstream } from "tests/support/upstream/upstream.ts";
import { attempt, callOf, kindOf } from "./attempt.ts";

const PROVIDERS = { openai: new OpenAiProvider(), spark: new SparkProvider() };

Deno.test("[Z50] starts are counted in every window of a second, not in each second", () => {
  let now = 0;
  const meter = new Meter({ startsPerSecond: 2, inFlight: 10 }, () => now);
  const verdicts: string[] = [];
  for (const at of [0, 900, 999, 1_000, 1_001, 1_899, 1_900]) {
    now = at;
    verdicts.push(meter.admit());
  }
  deepEqual(verdicts, ["admitted", "admitted", "rate", "admitted", "rate", "rate", "admitted"]);
  deepEqual([meter.counts.overRate, meter.counts.maxStarts, meter.counts.inFlight], [3, 2, 4]);
});

for (const protocol of ["openai", "spark"] as const) {
  const provider = PROVIDERS[protocol];

  Deno.test(`[Z50] ${protocol}: what is over a limit is refused and counted, for each use by itself`, async () => {
    await using upstream = new Upstream({ tokens: 3, tokenMs: 20 });
    const busy = upstream.credential({
      ...{ id: "a", protocol },
      limits: { startsPerSecond: 100, inFlight: 2 },
    });
    const kinds = await Promise.all(
      [1, 2, 3, 4].map(async () => kindOf(await attempt(provider, callOf(busy)))),
    );
    deepEqual(kinds.sort(), ["concurrency", "concurrency", "none", "none"]);
    const { overConcurrency, maxInFlight, inFlight } = upstream.counts("a");
    deepEqual({ overConcurrency, maxInFlight, inFlight }, {
      overConcurrency: 2,
      maxInFlight: 2,
      inFlight: 0,
    });
    const hasty = upstream.credential({
      ...{ id: "b", protocol },
      limits: { startsPerSecond: 2, inFlight: 10 },
    });
    const model = protocol === "spark" ? "lite" : "gpt-4o-mini";
    const rates = await Promise.all(
      [1, 2, 3].flatMap(() => [callOf(hasty), callOf(hasty, { upstreamModel: model })])
        .map(async (call) => kindOf(await attempt(provider, call))),
    );
    deepEqual(rates.sort(), ["none", "none", "none", "none", "rate", "rate"]);
    equal(upstream.counts("b", `text:${model}`).overRate, 1);
    equal(upstream.over, 4);
  });

  Deno.test(`[Z50] ${protocol}: a call is in flight until the client's leaving was noticed`, async () => {
    await using upstream = new Upstream({ tokens: 1_000, tokenMs: 10 });
    const credential = upstream.credential({
      ...{ id: "a", protocol },
      limits: { startsPerSecond: 100, inFlight: 1 },
    });
    const cancelled = new AbortController();
    const events = provider.call(callOf(credential), cancelled.signal)[Symbol.asyncIterator]();
    await events.next();
    equal(upstream.counts().inFlight, 1);
    cancelled.abort();
    await events.next().catch(() => {});
    await upstream.unused();
    deepEqual([upstream.counts().inFlight, upstream.counts().abandoned], [0, 1]);
  });
}

Deno.test("[Z51] the same to the same; the rest of it to a continuation, if need be with an overlap", () => {
  const messages = [{ role: "user", content: "Tell me of rivers" }];
  const whole = textFor(messages, { tokens: 30 });
  equal(textFor(messages, { tokens: 30 }), whole);
  ok(textFor([{ role: "user", content: "Tell me of houses" }], { tokens: 30 }) !== whole);
  for (let at = 1; at <= whole.length; at++) {
    const partial = { role: "assistant", content: whole.slice(0, at) };
    const rest = script([...messages, partial], { tokens: 30 });
    equal(partial.content + rest.tokens.join(""), whole);
    const again = script([...messages, partial], { tokens: 30, overlap: 7 }).tokens.join("");
    equal(again, whole.slice(Math.max(0, at - 7)));
  }
});

Deno.test("[Z51] faults happen to the calls they are meant for, and by chance the same way again", () => {
  const plan = (seed: number) => {
    const made = new FaultPlan(randomFrom(seed));
    made.set([
      { fault: { kind: "reset" }, credential: "a", calls: [2] },
      { fault: { kind: "silent" }, credential: "a", feature: "image" },
      { fault: { kind: "context" }, credential: "b", from: 3, times: 1 },
      { fault: { kind: "quota" }, credential: "c", probability: 0.5 },
      { fault: { kind: "concurrency" }, credential: "d", flap: { down: 2, up: 1 } },
    ]);
    return (credential: string, count: number, feature = "text") =>
      Array.from({ length: count }, (_, n) => made.next({ credential, feature, n: n + 1 })?.kind ?? "-").join(
        " ",
      );
  };
  const kinds = plan(1);
  equal(kinds("a", 3), "- reset -");
  equal(kinds("a", 1, "image"), "silent");
  equal(kinds("b", 5), "- - context - -");
  equal(kinds("d", 6), "concurrency concurrency - concurrency concurrency -");
  const chance = kinds("c", 100);
  equal(plan(1)("c", 100), chance);
  ok(plan(2)("c", 100) !== chance);
  ok(chance.split("quota").length > 30 && chance.split("-").length > 30);
});

Deno.test("[Z52] an altered signature, date or host is refused as the real one does", async () => {
  await using upstream = new Upstream();
  const { secret } = upstream.credential({ id: "a", protocol: "spark" });
  const { signedUrl } = await import("providers/spark_signature.ts");
  const keys = { apiKey: secret["apiKey"]!, apiSecret: secret["apiSecret"]! };
  const refusal = async (alter: (url: URL) => void, now = Date.now()) => {
    const url = new URL(await signedUrl(`${upstream.url}/v2.1/tti`, "POST", keys, new Date(now)));
    alter(url);
    const response = await fetch(url, { method: "POST", body: "{}" });
    return `${response.status} ${(await response.json()).message ?? ""}`.trim();
  };
  equal(await refusal(() => {}), "200");
  equal(await refusal((url) => url.searchParams.delete("authorization")), "401 Unauthorized");
  equal(
    await refusal((url) => url.searchParams.set("host", "elsewhere")),
    "401 HMAC signature does not match",
  );
  equal(
    await refusal((url) => url.searchParams.set("authorization", btoa('api_key="x"'))),
    "401 HMAC signature cannot be verified",
  );
  const later = (url: URL) => url.searchParams.set("date", new Date(Date.now() + 5_000).toUTCString());
  equal(await refusal(later), "401 HMAC signature does not match");
  const stale = await refusal(() => {}, Date.now() - 301_000);
  ok(stale.startsWith("403 ") && stale.includes("a valid date or x-date header is required"));
});
