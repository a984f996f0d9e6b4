import assert from "node:assert/strict";
import fc from "fast-check";
import type { AnswerView } from "protocol/ai.ts";
import { caughtUp, type FollowedText, heard, type Notice } from "../../../web/ai/feed/followed_answer.ts";

const ANSWER = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
const VIEW: AnswerView = {
  answer: ANSWER,
  feature: "text",
  model: "echo",
  state: "waiting",
  attempt: 0,
  offset: 0,
  text: "",
  position: 2,
  etaMs: 900,
  askedAt: 1,
};
const START: FollowedText = { view: VIEW, seams: [] };

function delta(offset: number, text: string, attempt = 1): Notice {
  return { method: "ai.delta", params: { answer: ANSWER, attempt, offset, text } };
}

function play(notices: readonly Notice[], from = START): FollowedText {
  return notices.reduce((now, notice) => {
    const next = heard(now, notice);
    assert(next !== undefined);
    return next;
  }, from);
}

Deno.test("[W138] text that comes twice, late or partly known is there once, and ends the waiting", () => {
  const now = play([delta(0, "one "), delta(4, "two "), delta(0, "one "), delta(2, "e two three")]);
  assert.equal(now.view.text, "one two three");
  assert.equal(now.view.state, "running");
  assert.equal(now.view.position, undefined);
  assert.equal(heard(now, delta(0, "else", 0)), now);
});

Deno.test("[W138] a hole, an end further on and a cut behind what is here are asked about", () => {
  const now = play([delta(0, "one ")]);
  assert.equal(heard(now, delta(8, "three")), undefined);
  const done: Notice = {
    method: "ai.done",
    params: { answer: ANSWER, attempt: 1, offset: 9, state: "done" },
  };
  assert.equal(heard(now, done), undefined);
  const resumed: Notice = { method: "ai.resumed", params: { answer: ANSWER, attempt: 2, offset: 9 } };
  assert.equal(heard(now, resumed), undefined);
});

Deno.test("[W126] what another attempt goes on with takes the place of what it cuts, and is marked", () => {
  const resumed: Notice = { method: "ai.resumed", params: { answer: ANSWER, attempt: 2, offset: 4 } };
  const now = play([delta(0, "one tw"), resumed, delta(4, "two", 2), delta(6, "o lost", 1)]);
  assert.equal(now.view.text, "one two");
  assert.deepEqual(now.seams, [4]);
  const begunAnew: Notice = { method: "ai.resumed", params: { answer: ANSWER, attempt: 3, offset: 0 } };
  assert.equal(play([begunAnew], now).view.text, "");
});

Deno.test("[W138] after the end nothing changes any more", () => {
  const done: Notice = {
    method: "ai.done",
    params: { answer: ANSWER, attempt: 1, offset: 3, state: "done" },
  };
  const now = play([delta(0, "one"), done]);
  assert.equal(now.view.state, "done");
  assert.equal(heard(now, delta(3, " more")), now);
});

Deno.test("[W138] what the server tells anew is put behind what is here, unless another attempt wrote that", () => {
  const now = play([delta(0, "one tw")]);
  const told = { ...VIEW, state: "running" as const, attempt: 1, offset: 6, text: "o three" };
  assert.equal(caughtUp(now, told)?.view.text, "one two three");
  assert.equal(caughtUp(now, { ...told, attempt: 2 }), undefined);
  assert.equal(caughtUp(now, { ...told, attempt: 2, offset: 0, text: "another" })?.view.text, "another");
  assert.equal(caughtUp(now, { ...told, offset: 7 }), undefined);
  // Shorter than what is here: it was taken back.
  assert.equal(caughtUp(now, { ...told, offset: 3, text: "" })?.view.text, "one");
});

Deno.test("[W138] whatever is doubled or lost on the way, asking again where something is missing gives the whole", () => {
  const whole = "the answer as it is in the end, each character once";
  fc.assert(fc.property(
    fc.array(fc.nat({ max: whole.length }), { maxLength: 12 }),
    fc.array(fc.constantFrom("pass", "twice", "lose"), { minLength: 16, maxLength: 16 }),
    (cuts, fates) => {
      const ends = [...new Set(cuts), whole.length].sort((a, b) => a - b);
      let [now, at] = [START, 0];
      const take = (notice: Notice, length: number) => {
        const told = { ...VIEW, state: "running" as const, attempt: 1 };
        const { text } = now.view;
        now = heard(now, notice) ??
          caughtUp(now, { ...told, offset: text.length, text: whole.slice(text.length, length) }) ?? now;
      };
      for (const [index, end] of ends.entries()) {
        const notice = delta(at, whole.slice(at, end));
        const fate = fates[index] ?? "pass";
        if (fate !== "lose" || end === whole.length) take(notice, end);
        if (fate === "twice") take(notice, end);
        at = end;
      }
      assert.equal(now.view.text, whole);
    },
  ));
});
