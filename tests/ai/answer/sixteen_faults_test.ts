import { deepStrictEqual, ok, strictEqual } from "node:assert/strict";
import type { AnswerLimits } from "actors/ai/answer/limits.ts";
import { AiRequest, type AnswerView } from "protocol/ai.ts";
import { AiSite } from "tests/support/ai_site.ts";
import type { FaultRule } from "tests/support/upstream/faults.ts";
import { textFor } from "tests/support/upstream/generator.ts";

type Text = Extract<AiRequest, { feature: "text" }>;
type Protocol = "openai" | "openai-prefill" | "spark";

const PROTOCOLS: readonly Protocol[] = ["openai", "openai-prefill", "spark"];
const TOKENS = 20;
/** Far more than any machine adds, for all of them run at once. */
const PATIENCE_MS = 1_500;
const SLOW_MS = 200;

/** What the reader of one answer sees, and how many calls it took. */
interface Case {
  readonly rules: readonly FaultRule[];
  readonly calls: number;
  /** Why it failed; nothing when nothing of the fault is seen. */
  readonly reason?: string;
  /** @default {all of them} */
  readonly on?: readonly Protocol[];
  readonly answer?: Partial<AnswerLimits>;
  /** Asked one after the other. @default {1} */
  readonly questions?: number;
  /** @default {all of it} */
  text?(whole: string): string;
  also?(view: AnswerView, site: AiSite): void | Promise<void>;
}

function once(fault: FaultRule["fault"]): readonly FaultRule[] {
  return [{ fault, times: 1 }];
}

const CASES: Readonly<Record<string, Case>> = {
  "1. 429 with Retry-After": {
    rules: once({ kind: "rate", retryAfterMs: 1_000, form: "seconds" }),
    calls: 2,
  },
  "2. 429 without Retry-After": { rules: once({ kind: "rate" }), calls: 2 },
  "3. one 500": { rules: once({ kind: "status", status: 500 }), calls: 2 },
  "4. persistent 503": {
    rules: [{ fault: { kind: "status", status: 503 } }],
    answer: { failuresMax: 2 },
    calls: 2,
    reason: "unavailable",
  },
  "5. reset before headers": { rules: once({ kind: "reset" }), calls: 2 },
  "6. no response at all": { rules: once({ kind: "silent" }), calls: 2 },
  "7. slow first token": { rules: once({ kind: "slow", ms: SLOW_MS }), calls: 1 },
  "8. stream cut in the middle": { rules: once({ kind: "cut", after: 9 }), calls: 2 },
  "9. stall in the middle": { rules: once({ kind: "stall", after: 9 }), calls: 2 },
  "10. malformed chunk": { rules: once({ kind: "garbage", after: 5 }), calls: 1 },
  "11. missing [DONE]": { rules: once({ kind: "no_done" }), calls: 1, on: ["openai", "openai-prefill"] },
  "12. context too long": { rules: once({ kind: "context" }), calls: 1, reason: "too_large" },
  "13. content filter": { rules: once({ kind: "moderation" }), calls: 1, reason: "forbidden" },
  "13. content filter, after text was shown": {
    rules: once({ kind: "moderation", after: 5 }),
    calls: 1,
    reason: "forbidden",
    on: ["spark"],
  },
  "13. content filter that leaves what it let through": {
    rules: once({ kind: "moderation", after: 5 }),
    calls: 1,
    on: ["openai", "openai-prefill"],
    text: (whole) => whole.split(" ").slice(0, 5).join(" "),
    also: ({ reason }) => strictEqual(reason, "content_filter"),
  },
  "14. continuation by prefill rejected": {
    // The first call has to break, or nothing would be continued.
    rules: [...once({ kind: "cut", after: 9 }), { fault: { kind: "no_prefill" } }],
    calls: 3,
    on: ["openai-prefill"],
  },
  "15. a primary that flaps": {
    rules: [{ fault: { kind: "status", status: 500 }, flap: { down: 1, up: 1 } }],
    questions: 6,
    calls: 12,
  },
  "16. accounting": {
    rules: once({ kind: "cut", after: 9 }),
    calls: 2,
    async also({ usage }, { storage, clock }) {
      const totals = await storage.aiUsage.totals({ from: 0, to: clock.now() + 1 });
      const sum = (part: "attempts" | "promptTokens" | "completionTokens") =>
        totals.reduce((all, total) => all + total[part], 0);
      strictEqual(sum("attempts"), 2);
      deepStrictEqual([sum("promptTokens"), sum("completionTokens")], [
        usage?.promptTokens,
        usage?.completionTokens,
      ]);
      strictEqual(usage?.estimated, true, "the upstream never said what the first attempt cost");
      ok(usage.completionTokens >= TOKENS - 9, "what the second one said is in it");
    },
  },
};

function question(n: number): Text {
  const content = `What is there to say of ${n}?`;
  const request = AiRequest.parse({ feature: "text", messages: [{ role: "user", content }], options: {} });
  return request as Text;
}

async function play(
  name: string,
  { rules, calls, reason, answer, questions = 1, text, also }: Case,
  protocol: Protocol,
) {
  const limits = { idleMs: PATIENCE_MS, firstTokenMs: PATIENCE_MS, ...answer };
  await using site = await AiSite.open({ protocol, tokens: TOKENS, answer: limits });
  site.upstream.faults(...rules);
  for (let n = 1; n <= questions; n++) {
    const request = question(n);
    const view = await site.answer(n, request);
    const whole = textFor(request.messages, { tokens: TOKENS });
    const shown = reason === undefined ? text?.(whole) ?? whole : "";
    const state = reason === undefined ? "done" : "failed";
    deepStrictEqual([view.state, view.error?.reason, view.text], [state, reason, shown], name);
    await also?.(view, site);
  }
  await site.quiet();
  const { leased, waiting } = await site.pool();
  deepStrictEqual(
    { calls: site.host.meters.counts.grants, over: site.upstream.over, leased, waiting },
    { calls, over: 0, leased: 0, waiting: 0 },
    name,
  );
}

Deno.test("[AN29] each of the sixteen faults is out of the reader's sight, or told honestly", async () => {
  const plays = PROTOCOLS.flatMap((protocol) =>
    Object.entries(CASES).filter(([, { on = PROTOCOLS }]) => on.includes(protocol))
      .map(([name, fault]) => play(`${protocol}, ${name}`, fault, protocol))
  );
  ok(plays.length >= 3 * 16 - 3, "nothing was left out");
  await Promise.all(plays);
});
