import { deepEqual, equal, rejects } from "node:assert/strict";
import type { AnswerView } from "protocol/ai.ts";
import { asked, asking, collect, stage, view } from "./support/ai_stage.ts";
import { settle } from "./support/fake_clock.ts";

Deno.test("[AF75] cancelling waits for the server's end: the last words and the usage still come", async () => {
  const { answer, calls, last, tell } = await asking("Some");
  const cancelling = answer.cancel();
  await settle();
  deepEqual([last().method, last().params], ["ai.cancel", { answer: "A1" }]);
  const { length } = calls;
  tell("ai.delta", { attempt: 1, offset: 4, text: " more" });
  const usage = { promptTokens: 2, completionTokens: 3, estimated: true };
  tell("ai.done", { attempt: 1, offset: 9, state: "cancelled", usage });
  await last().reply({});
  await cancelling;
  deepEqual([answer.text, answer.state.status, answer.view?.usage], ["Some more", "cancelled", usage]);
  await rejects(answer.whole(), { reason: "gone" });
  await answer.cancel();
  equal(calls.length, length);
});

Deno.test("[AF75] where the end is not told it is asked for; where others go on it ends here", async () => {
  const silent = await asking("Some");
  const cancelling = silent.answer.cancel();
  await settle();
  await silent.last().reply({});
  deepEqual(silent.last().params, { answer: "A1", from: 4 });
  await silent.last().reply(view(" more", { offset: 4, state: "cancelled" }));
  await cancelling;
  equal(silent.answer.text, "Some more");
  for (const end of ["forbidden", "running", "unavailable"] as const) {
    const { answer, last, tell, clock } = await asking("Some");
    const leaving = answer.cancel();
    await settle();
    await last().reply({});
    if (end === "running") await last().reply(view("", { offset: 4 }));
    else await last().fail(end);
    if (end === "unavailable") {
      await clock.advance(1_000);
      await last().reply(view("", { offset: 4 }));
    }
    await leaving;
    deepEqual([last().method, last().params], ["ai.unfollow", { answer: "A1" }]);
    equal(answer.state.status, "cancelled");
    tell("ai.delta", { attempt: 1, offset: 4, text: "more" });
    equal(answer.text, "Some");
  }
});

Deno.test("[AF75] what is still being asked is cancelled when the server has it", async () => {
  const { ai, calls, last, tell } = stage();
  const answer = ai.ask({ text: "Hello?", id: "A1" });
  const cancelling = answer.cancel();
  await settle();
  equal(calls.length, 1);
  await last().reply(asked(""));
  equal(last().method, "ai.cancel");
  tell("ai.done", { attempt: 1, offset: 0, state: "cancelled" });
  await last().reply({});
  await cancelling;
  equal(answer.state.status, "cancelled");

  const refused = stage();
  const never = refused.ai.ask({ text: "Hello?", id: "A1" });
  const dropping = never.cancel();
  await refused.last().fail("rate_limited");
  await dropping;
  deepEqual([never.state.status, refused.calls.length], ["failed", 1]);
});

Deno.test("[AF75] leaving tells the server, unless it is read here by another handle too", async () => {
  const { ai, answer, calls, last, linked } = await asking("Some");
  const other = ai.follow("A1", view("Some"));
  await last().reply(view("", { offset: 4 }));
  const { length } = calls;
  answer.leave();
  equal(calls.length, length);
  other.leave();
  deepEqual([last().method, last().params], ["ai.unfollow", { answer: "A1" }]);
  linked();
  equal(calls.length, length + 1);
});

Deno.test("[AF75] whoever has read enough may leave as he hears it", async () => {
  const { answer, tell } = await asking();
  answer.on("text", () => answer.leave());
  tell("ai.delta", { attempt: 1, offset: 0, text: "Enough" });
  tell("ai.delta", { attempt: 1, offset: 6, text: " is enough" });
  deepEqual([answer.text, answer.state.status], ["Enough", "cancelled"]);
});

Deno.test("[AF77] an answer has a view with its whole text, another object whenever something changes", async () => {
  const { ai, last, tell } = stage();
  const answer = ai.ask({ text: "Hello?", id: "A1" });
  equal(answer.view?.state, undefined);
  await last().reply(asked("", { state: "waiting" }));
  const views: (AnswerView | undefined)[] = [answer.view];
  answer.on("change", () => views.push(answer.view));
  equal((await answer.asked()).state, "waiting");
  tell("ai.queue", { position: 2, etaMs: 900 });
  tell("ai.delta", { attempt: 1, offset: 0, text: "ab" });
  tell("ai.progress", { percent: 40 });
  tell("ai.delta", { attempt: 1, offset: 1, text: "bc" });
  tell("ai.delta", { attempt: 1, offset: 0, text: "a" });
  const error = { reason: "unavailable", message: "broke", interrupted: true };
  tell("ai.done", { attempt: 1, offset: 3, state: "failed", error, endedAt: 7 });
  deepEqual(views.map((one) => [one?.state, one?.text, one?.position]), [
    ...[["waiting", "", undefined], ["waiting", "", 2], ["running", "ab", undefined]],
    ...[["running", "ab", undefined], ["running", "abc", undefined], ["failed", "abc", undefined]],
  ]);
  equal(new Set(views).size, views.length);
  const { model, offset, progress, endedAt } = answer.view!;
  deepEqual([model, offset, progress, endedAt, answer.view?.error], ["m1", 0, 40, 7, error]);
});

Deno.test("[AF77] seams tell where another call went on, also behind the last character", async () => {
  const { answer, tell, last, linked } = await asking("one two");
  tell("ai.resumed", { attempt: 2, offset: 7 });
  tell("ai.delta", { attempt: 2, offset: 7, text: " three" });
  tell("ai.resumed", { attempt: 3, offset: 11 });
  deepEqual(answer.seams, [7, 11]);
  tell("ai.resumed", { attempt: 4, offset: 9 });
  deepEqual([answer.text, answer.seams], ["one two t", [7, 9]]);
  linked();
  await last().reply(view("", { offset: 9, attempt: 5 }));
  await last().reply(view("one tea", { attempt: 5 }));
  deepEqual([answer.text, answer.seams], ["one tea", []]);
});

Deno.test("[AF78] what a history knows is there at once, and gone on with from its end", async () => {
  const { ai, calls, last, tell } = stage();
  const answer = ai.follow("A1", view("The quick "));
  deepEqual([answer.text, answer.state.status], ["The quick ", "running"]);
  deepEqual([last().method, last().params], ["ai.follow", { answer: "A1", from: 10 }]);
  const collected = collect(answer);
  await last().reply(view("fox", { offset: 10 }));
  tell("ai.done", { attempt: 1, offset: 13, state: "done" });
  equal((await collected).text, "The quick fox");
  const { length } = calls;
  const ended = ai.follow("A1", view("The end", { state: "done", reason: "stop" }));
  equal(await ended.whole(), "The end");
  equal(calls.length, length);
  // Of a part, one does not know what it belongs to.
  const part = ai.follow("A1", view("end", { offset: 4, state: "done" }));
  equal(part.view, undefined);
  deepEqual(last().params, { answer: "A1", from: 0 });
});

Deno.test("[AF78] an answer that is gone, or somebody else's, has failed and keeps what was known", async () => {
  const { ai, last } = stage();
  const answer = ai.follow("A1", view("The quick "));
  await last().fail("forbidden");
  deepEqual([answer.view?.state, answer.view?.error?.reason, answer.text], [
    "failed",
    "forbidden",
    "The quick ",
  ]);
});
