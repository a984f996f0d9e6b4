import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import fc from "fast-check";
import type { AiPiece } from "client/mod.ts";
import { asked, asking, collect, stage, view } from "./support/ai_stage.ts";
import { settle } from "./support/fake_clock.ts";

Deno.test("[AF70] an answer is a loop over pieces of text, from its beginning to its end", async () => {
  const { answer, tell } = await asking("The ");
  const collected = collect(answer);
  tell("ai.delta", { attempt: 1, offset: 4, text: "quick " });
  await settle();
  tell("ai.delta", { attempt: 1, offset: 10, text: "fox" });
  tell("ai.done", { attempt: 1, offset: 13, state: "done", reason: "stop" });
  equal((await collected).text, "The quick fox");
  equal(await answer.whole(), "The quick fox");
  deepEqual(answer.state, { status: "done", reason: "stop", usage: undefined, files: [] });
});

Deno.test("[AF70] who waits is told his place, pictures tell how far they are", async () => {
  const { answer, tell } = await asking();
  const states: unknown[] = [];
  answer.on("state", (state) => states.push(state));
  tell("ai.queue", { position: 2, etaMs: 900 });
  tell("ai.progress", { percent: 40 });
  deepEqual(states, [{ status: "waiting", position: 2, etaMs: 900 }, { status: "running", progress: 40 }]);
});

Deno.test("[AF71] where the text is made anew it is cut, and loops say so", async () => {
  const { answer, tell } = await asking();
  const collected = collect(answer);
  tell("ai.delta", { attempt: 1, offset: 0, text: "Half of what" });
  await settle();
  tell("ai.resumed", { attempt: 2, offset: 5 });
  await settle();
  equal(answer.text, "Half ");
  tell("ai.delta", { attempt: 1, offset: 5, text: "of an older one" });
  tell("ai.delta", { attempt: 2, offset: 5, text: "is new" });
  tell("ai.done", { attempt: 2, offset: 11, state: "done" });
  const { text, pieces } = await collected;
  equal(text, "Half is new");
  deepEqual(pieces.map(({ offset }) => offset), [0, 5, 5]);
});

Deno.test("[AF72] over a new link an answer is followed from where its text ends", async () => {
  const { answer, tell, linked, calls, last } = await asking("The ");
  linked();
  deepEqual([last().method, last().params], ["ai.follow", { answer: "A1", from: 4 }]);
  linked();
  equal(calls.filter(({ method }) => method === "ai.follow").length, 1);
  await last().reply(view("quick ", { offset: 4 }));
  // The link was another one by then.
  deepEqual(last().params, { answer: "A1", from: 10 });
  await last().reply(view("", { offset: 10 }));
  tell("ai.delta", { attempt: 1, offset: 10, text: "fox" });
  tell("ai.done", { attempt: 1, offset: 13, state: "done" });
  equal(await answer.whole(), "The quick fox");
  const { length } = calls;
  linked();
  equal(calls.length, length);
});

Deno.test("[AF72] a text that was made anew meanwhile is read from its beginning, and cut where it differs", async () => {
  const { answer, linked, last } = await asking("The quick brown");
  const cuts: AiPiece[] = [];
  answer.on("text", (piece) => cuts.push(piece));
  linked();
  await last().reply(view("", { offset: 15, attempt: 2 }));
  deepEqual(last().params, { answer: "A1", from: 0 });
  await last().reply(view("The quiet sea", { attempt: 2 }));
  equal(answer.text, "The quiet sea");
  deepEqual(cuts, [{ offset: 7, text: "et sea" }]);
});

Deno.test("[AF73] what is missing is asked for, what comes twice is left out", async () => {
  const { answer, tell, last } = await asking("ab");
  tell("ai.delta", { attempt: 1, offset: 0, text: "abc" });
  equal(answer.text, "abc");
  tell("ai.delta", { attempt: 1, offset: 5, text: "fg" });
  deepEqual(last().params, { answer: "A1", from: 3 });
  await last().reply(view("defg", { offset: 3 }));
  equal(answer.text, "abcdefg");
  tell("ai.done", { attempt: 1, offset: 9, state: "done" });
  await last().reply(view("hi", { offset: 7, state: "done" }));
  equal(await answer.whole(), "abcdefghi");
});

Deno.test("[AF73] what is told before the answer to the question was looked at is not lost", async () => {
  const { ai, tell, last } = stage();
  const answer = ai.ask({ text: "Hello?", id: "A1" });
  tell("ai.delta", { attempt: 1, offset: 0, text: "ab" });
  tell("ai.done", { attempt: 1, offset: 2, state: "done" });
  await last().reply(asked(""));
  equal(last().method, "ai.follow");
  await last().reply(view("ab", { state: "done" }));
  equal(await answer.whole(), "ab");
});

Deno.test("[AF73] a question that was merged reads the other answer", async () => {
  const { ai, tell, last } = stage();
  const answer = ai.ask({ text: "Hello?", id: "A2" });
  await last().reply({ answer: "A1", merged: true, view: view("ab") });
  deepEqual([answer.id, last().params], ["A1", { answer: "A1", from: 2 }]);
  await last().reply(view("", { offset: 2 }));
  tell("ai.delta", { attempt: 1, offset: 2, text: "c" });
  equal(answer.text, "abc");
});

Deno.test("[AF74] refusals and failures are thrown to whoever reads, and the text so far stays", async () => {
  const refused = stage();
  const never = refused.ai.ask({ text: "Hello?" });
  await refused.last().fail("rate_limited");
  await rejects(never.whole(), { reason: "rate_limited" });
  equal(never.state.status, "failed");

  const { answer, tell, calls, closed } = await asking("Some");
  const { length } = calls;
  tell("ai.done", {
    attempt: 1,
    offset: 4,
    state: "failed",
    error: { reason: "unavailable", message: "broke" },
  });
  await rejects(collect(answer), { reason: "unavailable", message: "broke" });
  equal(answer.text, "Some");
  equal(calls.length, length);
  const other = await asking("Some");
  other.closed();
  await rejects(other.answer.whole(), { reason: "unavailable" });
  closed();
});

Deno.test("[AF74] taking back what must not be seen leaves nothing", async () => {
  const { answer, tell, last } = await asking("Something bad");
  tell("ai.done", { attempt: 1, offset: 0, state: "failed", error: { reason: "forbidden", message: "no" } });
  await last().reply(view("", { state: "failed", error: { reason: "forbidden", message: "no" } }));
  equal(answer.text, "");
  await rejects(answer.whole(), { reason: "forbidden" });
});

Deno.test("[AF72] where an answer stands is asked again until it is known, unless it is gone", async () => {
  const { answer, last, linked, calls, clock } = await asking("Some");
  linked();
  await last().fail("unavailable");
  const { length } = calls;
  await clock.advance(1_000);
  equal(calls.length, length + 1);
  await last().fail("not_found");
  equal(answer.state.status, "failed");
  ok(answer.state.status === "failed" && answer.state.error.reason === "not_found");
});

Deno.test("[AF70][AF71] whatever is cut and added between two turns of a loop, it ends with the text", async () => {
  const Move = fc.record({ at: fc.nat(30), text: fc.string({ maxLength: 4 }), look: fc.boolean() });
  await fc.assert(fc.asyncProperty(fc.array(Move, { maxLength: 20 }), async (moves) => {
    const { answer, tell } = await asking();
    const collected = collect(answer);
    let text = "";
    let attempt = 1;
    for (const { at, text: more, look } of moves) {
      if (at < text.length) {
        text = text.slice(0, at);
        tell("ai.resumed", { attempt: ++attempt, offset: at });
      }
      if (more !== "") tell("ai.delta", { attempt, offset: text.length, text: more });
      text += more;
      if (look) await settle();
    }
    tell("ai.done", { attempt, offset: text.length, state: "done" });
    equal((await collected).text, text);
  }));
});
