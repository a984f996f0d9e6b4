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

/** What else may happen to a call besides the sixteen faults that have a test of their own; readers see nothing of it. */
const FAULTS: Readonly<Record<string, Fault>> = {
  "too many at once": { kind: "concurrency" },
  "no quota left": { kind: "quota" },
  "a first token that is too late": { kind: "slow", ms: 2_000 },
  "an end without the terminal mark": { kind: "truncated", after: 9 },
  "no usage": { kind: "no_usage" },
};

for (const protocol of ["openai", "spark"] as const) {
  for (const [name, fault] of Object.entries(FAULTS)) {
    Deno.test(`[AN10][AN19] ${protocol}: ${name} is not seen by the reader`, async () => {
      await using site = await AiSite.open({ protocol });
      site.upstream.faults({ fault, times: 1 });
      const request = question(1);
      const view = await site.answer(1, request);
      deepStrictEqual([view.state, view.text], ["done", whole(request)]);
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
  site.upstream.faults({ fault: { kind: "status", status: 503 }, times: 1 });
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
  await inConcert({ credentials: 3, limits, tokenMs: 5, answer: { failuresMax: 20 } }, 12, [
    { fault: { kind: "cut", after: 5 }, probability: 0.2 },
    { fault: { kind: "reset" }, probability: 0.1 },
  ]);
});
