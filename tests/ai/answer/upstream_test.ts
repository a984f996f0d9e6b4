import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { AiRequest } from "protocol/ai.ts";
import { AiSite, type AiSiteOptions } from "tests/support/ai_site.ts";
import type { FaultRule } from "tests/support/upstream/faults.ts";
import { textFor } from "tests/support/upstream/generator.ts";

type Fault = FaultRule["fault"];

function question(n: number, options = {}): AiRequest & { feature: "text" } {
  const request = AiRequest.parse({
    feature: "text",
    messages: [{ role: "user", content: `Tell me of ${n}` }],
    options,
  });
  if (request.feature !== "text") throw new TypeError("not text");
  return request;
}

const whole = (request: AiRequest & { feature: "text" }) => textFor(request.messages, { tokens: 20 });

/** What one call goes through, and what its readers see of it: nothing, unless said otherwise. */
const FAULTS: Record<
  string,
  { fault: Fault; protocols?: readonly string[]; state?: "failed"; reason?: string }
> = {
  "429 with Retry-After": { fault: { kind: "rate", retryAfterMs: 1_000, form: "seconds" } },
  "429 without Retry-After": { fault: { kind: "rate", form: "seconds" } },
  "too many at once": { fault: { kind: "concurrency" } },
  "no quota left": { fault: { kind: "quota" } },
  "one 500": { fault: { kind: "status", status: 500 } },
  "reset before the headers": { fault: { kind: "reset" } },
  "no response at all": { fault: { kind: "silent" } },
  "a slow first token": { fault: { kind: "slow", ms: 2_000 } },
  "cut in the middle": { fault: { kind: "cut", after: 9 } },
  "an end without the terminal mark": { fault: { kind: "truncated", after: 9 } },
  "stalled in the middle": { fault: { kind: "stall", after: 9 } },
  "a malformed chunk": { fault: { kind: "garbage", after: 5, lines: 1 } },
  "no [DONE]": { fault: { kind: "no_done", hang: false }, protocols: ["openai", "openai-prefill"] },
  "prefill rejected": { fault: { kind: "no_prefill" }, protocols: ["openai-prefill"] },
  "no usage": { fault: { kind: "no_usage" } },
  "a context that is too long": { fault: { kind: "context" }, state: "failed", reason: "too_large" },
  "a content filter": { fault: { kind: "moderation" }, state: "failed", reason: "forbidden" },
};

for (const protocol of ["openai", "openai-prefill", "spark"] as const) {
  for (const [name, { fault, protocols, state, reason }] of Object.entries(FAULTS)) {
    if (protocols !== undefined && !protocols.includes(protocol)) continue;
    const outcome = state === undefined ? "is not seen by the reader" : `fails honestly with ${reason}`;
    Deno.test(`[AN10][AN19] ${protocol}: ${name} ${outcome}`, async () => {
      await using site = await AiSite.open({ protocol });
      // For prefill the first call has to break, or nothing would be continued.
      const rules: FaultRule[] = fault.kind === "no_prefill"
        ? [{ fault: { kind: "cut", after: 9 }, times: 1 }, { fault }]
        : [{ fault, times: 1 }];
      site.upstream.faults(...rules);
      const request = question(1);
      const view = await site.answer(1, request);
      strictEqual(view.state, state ?? "done");
      if (state === undefined) strictEqual(view.text, whole(request));
      else deepStrictEqual([view.error?.reason, view.text], [reason, ""]);
      const { calls } = site.upstream.counts();
      if (state !== undefined) strictEqual(calls <= 1, true, "no other credential was asked");
      await site.quiet();
      strictEqual(site.upstream.over, 0);
      strictEqual((await site.pool()).leased, 0);
    });
  }
}

async function inConcert(options: AiSiteOptions, answers: number, rules: FaultRule[]) {
  await using site = await AiSite.open(options);
  site.upstream.faults(...rules);
  const requests = Array.from({ length: answers }, (_, n) => question(n + 1));
  const views = await Promise.all(requests.map((request, n) => site.answer(n + 1, request, 1 + n % 5)));
  for (const [n, view] of views.entries()) {
    deepStrictEqual([view.state, view.text], ["done", whole(requests[n]!)], JSON.stringify(view.error));
  }
  await site.quiet();
  strictEqual(site.upstream.over, 0, JSON.stringify(site.upstream.counts()));
  deepStrictEqual([(await site.pool()).leased, (await site.pool()).waiting], [0, 0]);
}

Deno.test("[AN10] a provider that is down for a while is waited for and tried elsewhere", async () => {
  await using site = await AiSite.open({ credentials: 3 });
  site.upstream.faults({ fault: { kind: "status", status: 503 }, times: 3 });
  const request = question(1);
  deepStrictEqual((await site.answer(1, request)).text, whole(request));
});

Deno.test("[AN19][AN20] many broken streams at once end as the texts of an upstream that never breaks", async () => {
  await inConcert({ credentials: 4, tokenMs: 2, answer: { failuresMax: 20 } }, 40, [
    { fault: { kind: "cut", after: 7 }, probability: 0.3 },
    { fault: { kind: "truncated", after: 13 }, probability: 0.2 },
    { fault: { kind: "overlap", characters: 30 }, probability: 0.3 },
  ]);
});

Deno.test("[AN16] two starts a second and two in flight for each key are never passed, faults or not", async () => {
  const limits = { startsPerSecond: 2, inFlight: 2 };
  await inConcert({ credentials: 3, limits, tokenMs: 5, answer: { failuresMax: 20 } }, 24, [
    { fault: { kind: "cut", after: 5 }, probability: 0.2 },
    { fault: { kind: "reset" }, probability: 0.1 },
  ]);
});
