import assert from "node:assert/strict";
import type { AnswerError, AnswerView } from "protocol/ai.ts";
import { placeOf } from "../../../web/ai/place.ts";
import { endingWords, modelsWords, progressWords, usageWords } from "../../../web/ai/talk/words.ts";

const VIEW: AnswerView = {
  ...{ answer: "01JD3Y4B6V8Q2Z5K7M9N0P1R2S", feature: "text", model: "echo", state: "waiting", attempt: 0 },
  ...{ offset: 0, text: "", askedAt: 1_000 },
};

Deno.test("[W123] a place is told with the time it takes, where that is more than a moment", () => {
  assert.equal(progressWords({ ...VIEW, position: 1, etaMs: 200 }), "You are next");
  assert.equal(progressWords({ ...VIEW, position: 7, etaMs: 12_300 }), "You are number 7, about 13 s to go");
  assert.equal(
    progressWords({ ...VIEW, position: 900, etaMs: 600_000 }),
    "You are number 900, about 10 min to go",
  );
  assert.match(progressWords(VIEW), /^Waiting/);
  assert.equal(progressWords({ ...VIEW, state: "running", text: "a" }), "");
});

Deno.test("[W125] each failure has words of its own, and none is quoted that is not for people", () => {
  const failed = (error: AnswerError) => endingWords({ ...VIEW, state: "failed", error });
  const words = ["overloaded", "timeout", "rate_limited", "not_found", "too_large", "unavailable", "internal"]
    .map((reason) => failed({ reason, message: "code 10013" }));
  assert.equal(new Set(words).size, words.length);
  assert(words.every((text) => text !== undefined && !text.includes("10013")));
  assert.equal(failed({ reason: "unavailable", message: "", interrupted: true }), "The answer broke off");
  assert.equal(endingWords({ ...VIEW, state: "done", text: "a" }), undefined);
  assert.match(endingWords({ ...VIEW, state: "done", reason: "length" }) ?? "", /greatest length/);
});

Deno.test("[W120] the small print says which model it was, what it used and how long it took", () => {
  const usage = { promptTokens: 3, completionTokens: 4, estimated: true };
  const done: AnswerView = { ...VIEW, state: "done", usage, endedAt: 3_500 };
  assert.equal(usageWords(done), "echo · about 7 tokens · 2.5 s");
  assert.equal(usageWords({ ...VIEW, state: "running" }), "");
});

Deno.test("[W120] an address leads to a conversation, or to where one begins", () => {
  assert.deepEqual(placeOf("/ai/01JD3Y4B6V8Q2Z5K7M9N0P1R2S"), {
    kind: "thread",
    id: "01JD3Y4B6V8Q2Z5K7M9N0P1R2S",
  });
  for (const path of ["/ai", "/ai/", "/ai/x", "/ai/01JD3Y4B6V8Q2Z5K7M9N0P1R2S/more"]) {
    assert.deepEqual(placeOf(path), { kind: "new" });
  }
});

Deno.test("[W140] no model, and none but the built-in one, are told of; another one is not", () => {
  const model = (name: string) => ({ model: name, feature: "text" as const, contextTokens: 8_000 });
  assert.match(modelsWords([]) ?? "", /no model/);
  assert.match(modelsWords([model("echo")]) ?? "", /only the built-in/);
  assert.equal(modelsWords([model("echo"), model("m1")]), undefined);
});
