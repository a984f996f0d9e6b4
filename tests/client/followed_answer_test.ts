import { deepEqual, equal, ok } from "node:assert/strict";
import fc from "fast-check";
import {
  type AnswerNotice,
  caughtUp,
  followed,
  type FollowedAnswer,
  heard,
} from "client/ai/followed_answer.ts";
import type { AnswerView } from "protocol/ai.ts";

const ANSWER = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";
const VIEW: AnswerView = {
  ...{ answer: ANSWER, feature: "text", model: "echo", state: "waiting", attempt: 1, offset: 0, text: "" },
  ...{ position: 2, etaMs: 900, askedAt: 1 },
};
const START = followed(VIEW);

function delta(offset: number, text: string, attempt = 1): AnswerNotice {
  return { method: "ai.delta", params: { answer: ANSWER, attempt, offset, text } };
}

function resumed(attempt: number, offset: number): AnswerNotice {
  return { method: "ai.resumed", params: { answer: ANSWER, attempt, offset } };
}

function done(offset: number, attempt = 1): AnswerNotice {
  return { method: "ai.done", params: { answer: ANSWER, attempt, offset, state: "done" } };
}

function play(notices: readonly AnswerNotice[], from = START): FollowedAnswer {
  return notices.reduce((now, notice) => {
    const next = heard(now, notice);
    ok(next !== undefined);
    return next;
  }, from);
}

Deno.test("[AF73] text that comes twice, late or partly known is there once, and ends the waiting", () => {
  const now = play([delta(0, "one "), delta(4, "two "), delta(0, "one "), delta(2, "e two three")]);
  deepEqual([now.view.text, now.fresh], ["one two three", 8]);
  deepEqual([now.view.state, now.view.position], ["running", undefined]);
  equal(heard(now, delta(0, "else", 0)), now);
});

Deno.test("[AF73] a hole, an end further on and a cut behind what is here are asked about", () => {
  const now = play([delta(0, "one ")]);
  for (const notice of [delta(8, "three"), delta(4, "two", 2), done(9), done(4, 2), resumed(2, 9)]) {
    equal(heard(now, notice), undefined, notice.method);
  }
  // Nothing was shown of the attempts before, so nothing is missing.
  equal(play([delta(0, "two", 2)]).view.attempt, 2);
  equal(play([done(0, 3)]).view.state, "done");
});

Deno.test("[AF71] what another attempt goes on with takes the place of what it cuts", () => {
  const now = play([delta(0, "one tw"), resumed(2, 4), delta(4, "two", 2), delta(6, "o lost", 1)]);
  deepEqual([now.view.text, now.seams], ["one two", [4]]);
  equal(heard(now, resumed(1, 2)), now);
  deepEqual(play([resumed(3, 0)], now), {
    view: { ...now.view, attempt: 3, text: "" },
    ...{ seams: [], fresh: 0 },
  });
});

Deno.test("[AF73] after the end nothing changes any more", () => {
  const now = play([delta(0, "one"), done(3)]);
  equal(now.view.state, "done");
  for (const notice of [delta(3, " more"), resumed(2, 0)]) equal(heard(now, notice), now);
  equal(caughtUp(now, { ...VIEW, attempt: 2 }), now);
});

Deno.test("[AF73] what is told anew is put behind what is here, unless another attempt wrote that", () => {
  const now = play([delta(0, "one tw")]);
  const told = { ...VIEW, state: "running" as const, offset: 6, text: "o three" };
  equal(caughtUp(now, told)?.view.text, "one two three");
  equal(caughtUp(now, { ...told, attempt: 2 }), undefined);
  equal(caughtUp(now, { ...told, offset: 7 }), undefined);
  equal(caughtUp(now, { ...told, attempt: 0, offset: 0, text: "older" }), now);
  const another = caughtUp(now, { ...told, attempt: 2, offset: 0, text: "one or another" });
  deepEqual([another?.view.text, another?.fresh], ["one or another", 4]);
  const sea = caughtUp(followed({ ...told, offset: 0, text: "the 🌊" }), {
    ...told,
    ...{ attempt: 2, offset: 0, text: "the 🌎" },
  });
  // Both characters begin with the same unit.
  equal(sea?.fresh, 4);
  // Another process makes the call and is behind for a moment; once it has ended, the rest was taken back.
  const shorter = { ...told, offset: 3, text: "" };
  equal(caughtUp(now, shorter), now);
  equal(caughtUp(now, { ...shorter, state: "failed" })?.view.text, "one");
});

Deno.test("[AF77] who waits keeps his place when he is told where the answer stands", () => {
  const { position: _position, etaMs: _etaMs, ...told } = VIEW;
  equal(caughtUp(START, told)?.view.position, 2);
  equal(caughtUp(START, { ...told, state: "running" })?.view.position, undefined);
});

Deno.test("[AF73] whatever is doubled or lost on the way, asking again where something is missing gives the whole", () => {
  const whole = "the answer as it is in the end, each character once";
  const Fate = fc.constantFrom("pass", "twice", "lose");
  fc.assert(fc.property(
    fc.array(fc.nat({ max: whole.length }), { maxLength: 12 }),
    fc.array(Fate, { minLength: 16, maxLength: 16 }),
    (cuts, fates) => {
      const ends = [...new Set(cuts), whole.length].sort((a, b) => a - b);
      let now: FollowedAnswer = START;
      let at = 0;
      const take = (notice: AnswerNotice, length: number) => {
        const told = { ...VIEW, state: "running" as const };
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
      equal(now.view.text, whole);
    },
  ));
});
