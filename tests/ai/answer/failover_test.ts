import { deepStrictEqual, strictEqual } from "node:assert/strict";
import { afterFault, type Broken } from "actors/ai/answer/failover.ts";
import { DEFAULT_ANSWER_LIMITS } from "actors/ai/answer/limits.ts";
import { FAULT_KINDS, type FaultKind } from "actors/ai/provider.ts";

const TEXT: Broken["request"] = { feature: "text", messages: [{ role: "user", content: "Hi" }], options: {} };

function after(fault: FaultKind, more: Partial<Broken> = {}) {
  const broken = { fault, request: TEXT, shown: 0, unshown: false, failures: 1, ...more };
  return afterFault(broken, DEFAULT_ANSWER_LIMITS);
}

const BEFORE: Record<FaultKind, string> = {
  rate: "wait",
  concurrency: "wait",
  clock: "wait",
  quota: "retry",
  auth: "retry",
  forbidden: "retry",
  transient: "retry",
  busy: "retry",
  malformed: "retry",
  stalled: "retry",
  cut: "retry",
  invalid: "fail",
  context: "fail",
  moderation: "fail",
};

for (const fault of FAULT_KINDS) {
  Deno.test(`[AN10] ${fault} before anything was shown: ${BEFORE[fault]}`, () => {
    strictEqual(after(fault).then, BEFORE[fault]);
  });
  const expected = BEFORE[fault] === "fail" ? "fail" : "retry";
  Deno.test(`[AN11] ${fault} after text was shown: ${expected}`, () => {
    strictEqual(after(fault, { shown: 50 }).then, expected);
  });
}

const DISARMED: Record<string, Partial<Broken>> = {
  "JSON was asked for": { request: { ...TEXT, options: { json: true } } },
  "it was switched off": { request: { ...TEXT, options: { continue: false } } },
  "thoughts or tools were in the stream": { unshown: true },
  "the text is too long": { shown: DEFAULT_ANSWER_LIMITS.continueMax + 1 },
};
for (const [why, more] of Object.entries(DISARMED)) {
  Deno.test(`[AN12] a broken stream is not continued when ${why}`, () => {
    const next = after("cut", { shown: 50, ...more });
    deepStrictEqual(next.then === "fail" && [next.error.reason, next.error.interrupted], [
      "unavailable",
      true,
    ]);
  });
}

Deno.test("[AN12] continuing can be switched off for all", () => {
  const broken = { fault: "cut", request: TEXT, shown: 5, unshown: false, failures: 1 } as const;
  strictEqual(afterFault(broken, { ...DEFAULT_ANSWER_LIMITS, continues: false }).then, "fail");
});

Deno.test("[AN13] after so many failures the answer fails, and says when it may be tried again", () => {
  const next = after("transient", { failures: DEFAULT_ANSWER_LIMITS.failuresMax, retryAfterMs: 700 });
  deepStrictEqual(next.then === "fail" && [next.error.reason, next.error.retryAfterMs], ["unavailable", 700]);
});

Deno.test("[AN14] what moderation objected to is not shown any longer, and no other credential is asked", () => {
  const next = after("moderation", { shown: 50 });
  deepStrictEqual(next.then === "fail" && [next.error.reason, next.erase], ["forbidden", true]);
});
