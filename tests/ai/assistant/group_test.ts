import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import { UpstreamFault } from "actors/ai/provider.ts";
import { conversationActor } from "actors/conversation/definition.ts";
import { SetAssistant } from "protocol/assistants.ts";
import { AssistantStage, GROUP, MODEL } from "tests/support/assistant_stage.ts";
import { person } from "tests/support/room_stage.ts";

/** What the model was asked, message by message. */
function prompt(call: Awaited<ReturnType<AssistantStage["call"]>>): string[] {
  const { request } = call.call;
  if (request.feature !== "text") throw new Error("Asked for something else than text");
  return request.messages.map(({ role, content }) => `${role}|${content}`);
}

Deno.test("[AS1] an admin sets the assistant, changes and removes it; each is a change in the group's order", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  strictEqual(await stage.set(process), id); // again: nothing
  strictEqual(await stage.set(process, { name: "Robot" }), id);
  strictEqual(await stage.set(process, { name: "Robot", instructions: "Be brief" }), id);
  await stage.run(process.group(1).setAssistant({ assistant: null }));
  await stage.run(process.group(1).setAssistant({ assistant: null }));
  const changes = (await stage.messages()).flatMap((message) =>
    message.kind === "change" && message.change.what === "assistant" ? [message.change] : []
  );
  const shown = { id, model: MODEL, enabled: true };
  deepStrictEqual(changes, [
    { what: "assistant", assistant: { ...shown, name: "Bot" } },
    { what: "assistant", assistant: { ...shown, name: "Robot" } },
    { what: "assistant", assistant: { ...shown, name: "Robot" } },
    { what: "assistant" },
  ]);
  const next = await stage.set(process);
  ok(next !== id);
  await stage.run(process.group(1).remove({ user: next }));
  strictEqual((await stage.run(process.group(1).open({}))).group!.assistant, undefined);
});

Deno.test("[AS1] what is set is there after a restart", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  await stage.set(process, { instructions: "Be brief", enabled: false });
  process.kill();
  const second = await stage.start();
  deepStrictEqual((await stage.run(second.group(1).open({}))).group!.assistant, {
    ...{ id, name: "Bot", model: MODEL, enabled: false, instructions: "Be brief" },
  });
});

Deno.test("[AS2] it is listed among the members, marked, on the page its id belongs to, and not counted", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  const own = { user: { id, name: "Bot" }, role: "member", kind: "assistant" };
  const all = await stage.run(process.group(2).members({ state: "member", limit: 10 }));
  deepStrictEqual(all.members.filter(({ kind }) => kind !== undefined), [own]);
  strictEqual(all.members.length, 4);
  const listed = [];
  let after: string | undefined;
  do {
    const page = await stage.run(
      process.group(2).members({ state: "member", limit: 1, ...(after === undefined ? {} : { after }) }),
    );
    strictEqual(page.members.length, 1);
    listed.push(...page.members);
    after = page.next;
  } while (after !== undefined);
  deepStrictEqual(listed, all.members);
  strictEqual((await stage.run(process.group(2).open({}))).group!.members, 3);
  const asked = await stage.run(process.group(1).members({ state: "asked", limit: 10 }));
  deepStrictEqual(asked.members, []);
});

Deno.test("[AS3] what it is told is read by owner and admins alone", async () => {
  const { stage, process } = await AssistantStage.withGroup();
  await using _ = stage;
  await stage.set(process, { instructions: "The password is swordfish" });
  const read = async (user: number) =>
    (await stage.run(process.group(user).open({}))).group!.assistant!.instructions;
  strictEqual(await read(1), "The password is swordfish");
  strictEqual(await read(2), undefined);
  await stage.run(process.group(1).role({ user: person(2).id, role: "admin" }));
  strictEqual(await read(2), "The password is swordfish");
  const { delta } = await stage.run(process.group(3).since({ limit: 100 }));
  ok(!JSON.stringify(delta).includes("swordfish"));
});

Deno.test("[AS4] where AI is off it cannot be set, nor with a model that is not there; the first one is the default", async () => {
  const { stage, process } = await AssistantStage.withGroup();
  await using _ = stage;
  const set = (given: Record<string, unknown>) =>
    stage.run(process.group(1).setAssistant({ assistant: SetAssistant.parse({ name: "Bot", ...given }) }));
  strictEqual((await set({ enabled: false })).group!.assistant!.model, MODEL);
  await rejects(set({ model: "other" }), { reason: "invalid_params", message: /No model other/ });
  stage.enabled = false;
  await rejects(set({}), { reason: "conflict", message: /AI is switched off/ });
  strictEqual(
    (await stage.run(process.group(1).setAssistant({ assistant: null }))).group!.assistant,
    undefined,
  );
});

Deno.test("[AS10] who mentions it is answered, in the group's order, with the question named", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  await stage.run(process.say(2, "nobody is asked"));
  const asked = await stage.run(process.say(2, "@Bot what is a wave?", [id]));
  await stage.reply(1, "Water that moves.");
  const [answer, ...others] = await stage.answers();
  deepStrictEqual(others, []);
  strictEqual(answer!.seq, asked.seq + 1);
  deepStrictEqual(
    [answer!.sender, answer!.text, answer!.replyTo, answer!.assistant],
    [{ id, name: "Bot" }, "Water that moves.", asked.seq, true],
  );
  strictEqual(await stage.unsettled(), false);
  const range = { from: answer!.seq, to: answer!.seq };
  const [stored] = await stage.storage.messages.range(GROUP, range, 1, "first");
  const [kept] = await stage.storage.answers.outsideThreads(person(2).id, { limit: 1 });
  strictEqual(stored!.clientId, kept!.id);
  const { asked: n, answered } = process.meters;
  deepStrictEqual([n, answered], [1, 1]);
});

Deno.test("[AS10] an edit asks nothing, nor does who mentions it while it is switched off, nor a retry", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  const { seq } = await stage.run(process.say(2, "hello"));
  await stage.run(process.group(2).edit({ seq, text: "@Bot hello", mentions: [id] }));
  await stage.set(process, { enabled: false });
  await stage.run(process.say(2, "@Bot hello?", [id], "later"));
  await stage.set(process);
  await stage.run(process.say(2, "@Bot hello?", [id], "later"));
  strictEqual(process.meters.asked, 0);
  await stage.run(process.say(2, "@Bot now", [id], "now"));
  await stage.run(process.say(2, "@Bot now", [id], "now"));
  await stage.reply(1, "Yes.");
  strictEqual((await stage.answers()).length, 1);
  strictEqual(stage.provider.calls.length, 1);
});

Deno.test("[AS11] questions are answered one after the other, in the order asked", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  const asked = await stage.run(
    Promise.all([1, 2, 3, 2].map((user, n) => process.say(user, `@Bot question ${n}`, [id]))),
  );
  for (let n = 1; n <= 4; n++) {
    await stage.call(n);
    await stage.pass(2_000);
    strictEqual(stage.provider.calls.length, n);
    await stage.reply(n, `Answer ${n}`);
  }
  deepStrictEqual(
    (await stage.answers()).map(({ text, replyTo }) => [text, replyTo]),
    asked.map(({ seq }, n) => [`Answer ${n + 1}`, seq]),
  );
});

Deno.test("[AS12] it is told who said what before the question, its own words as its own, and what came after not", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  await stage.set(process, { instructions: "Be brief" });
  await stage.run(process.say(1, "The meeting is at five"));
  await stage.run(process.say(3, "I am late"));
  await stage.run(process.say(2, "@Bot when is it?", [id]));
  await stage.reply(1, "At five.");
  const { seq } = await stage.run(process.say(1, "No, at six"));
  await stage.run(process.group(1).recall({ seq }));
  await stage.run(process.say(3, "Thanks"));
  await stage.run(process.say(2, "@Bot and who is late?", [id]));
  await stage.run(process.say(1, "not to be read"));
  const [instructions, ...said] = prompt(await stage.call(2));
  match(instructions!, /^system\|You are Bot, .*"Group".*\n\nBe brief$/s);
  deepStrictEqual(said, [
    "user|User 1: The meeting is at five\nUser 3: I am late\nUser 2: @Bot when is it?",
    "assistant|At five.",
    "user|User 3: Thanks",
    "user|User 2: @Bot and who is late?",
  ]);
});

Deno.test("[AS12] it is told nothing that who asks may not see", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  await stage.run(process.say(1, "The password is swordfish"));
  await stage.run(process.group(4).join({}));
  await stage.run(process.say(3, "Welcome"));
  await stage.run(process.say(4, "@Bot what was said before I came?", [id]));
  const told = prompt(await stage.call(1));
  deepStrictEqual(told.slice(1), [
    "user|User 3: Welcome",
    "user|User 4: @Bot what was said before I came?",
  ]);
});

Deno.test("[AS13] a long answer takes up to three messages, cut after sentences, and says what is left out", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  const { seq } = await stage.run(process.say(2, "@Bot tell me everything", [id]));
  const sentence = `${"word ".repeat(199)}end.`;
  await stage.reply(1, Array(20).fill(sentence).join(" "));
  const answers = await stage.answers();
  strictEqual(answers.length, 3);
  ok(answers.every(({ text, replyTo }) => text!.length <= 4_000 && replyTo === seq));
  ok(answers[0]!.text!.endsWith("end."));
  ok(answers[2]!.text!.endsWith("end. …"));
});

Deno.test("[AS14] it counts against the budget of who asked, and of nobody else", async () => {
  const { stage, process, id } = await AssistantStage.withGroup({ requestsPerDay: 1 });
  await using _ = stage;
  await stage.run(process.say(2, "@Bot one", [id]));
  await stage.reply(1, "One.");
  await stage.run(process.say(2, "@Bot two", [id]));
  await stage.pass(2_000);
  await stage.run(process.say(3, "@Bot three", [id]));
  await stage.reply(2, "Three.");
  deepStrictEqual((await stage.answers()).map(({ text }) => text), [
    "One.",
    "I cannot answer now: your AI budget of the day is used up.",
    "Three.",
  ]);
  strictEqual(process.meters.failed, 1);
});

Deno.test("[AS15] over so many questions of a group, or of one user, a message is no question, and is counted", async () => {
  const { stage, process, id } = await AssistantStage.withGroup({
    assistant: { questionsMax: 3, perUserMax: 2 },
  });
  await using _ = stage;
  const say = (user: number, text: string) => stage.run(process.say(user, `@Bot ${text}`, [id]));
  await say(2, "a");
  await say(2, "b");
  const third = await say(2, "too many of his");
  await say(3, "c");
  await say(1, "too many of all");
  deepStrictEqual([process.meters.asked, process.meters.dropped], [5, 2]);
  for (let n = 1; n <= 3; n++) await stage.reply(n, `answer ${n}`);
  const [regret, ...answers] = await stage.answers();
  match(regret!.text!, /^I cannot answer now: too many/);
  strictEqual(regret!.replyTo, third.seq);
  deepStrictEqual(answers.map(({ text }) => text), ["answer 1", "answer 2", "answer 3"]);
  strictEqual(stage.provider.calls.length, 3);
});

Deno.test("[AS16] that it cannot answer it says once a minute, and not at all where only some may write", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  const fail = async (n: number) => {
    await stage.run(process.say(1, "@Bot please", [id]));
    (await stage.call(n)).fail(new UpstreamFault("invalid", "no"));
    await stage.pass(2_000);
  };
  await fail(1);
  await fail(2);
  strictEqual((await stage.answers()).length, 1);
  await stage.pass(60_000);
  await fail(3);
  strictEqual((await stage.answers()).length, 2);
  await stage.pass(60_000);
  await stage.run(process.group(1).update({ mutedAll: true }));
  await fail(4);
  deepStrictEqual(
    (await stage.answers()).map(({ text }) => text),
    Array(2).fill("I cannot answer now: something went wrong, please ask again."),
  );
  strictEqual(process.meters.failed, 4);
  strictEqual(await stage.unsettled(), false);
});

Deno.test("[AS17] it is shown writing while it answers, and then no more", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  await stage.run(process.say(2, "@Bot hello", [id]));
  const call = await stage.call(1);
  call.say("Well");
  await stage.pass(7_000);
  const typed = stage.typed.length;
  ok(typed >= 2 && typed <= 4, `${typed} times`);
  ok(stage.typed.every((name) => name === "Bot"));
  call.finish();
  await stage.pass(1_500);
  const before = stage.typed.length;
  await stage.pass(10_000);
  strictEqual(stage.typed.length, before);
});

Deno.test("[AS18] a question that was recalled, or whose asker is gone, is not answered, and its call ends", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  const { seq } = await stage.run(process.say(2, "@Bot recalled", [id]));
  const recalled = await stage.call(1);
  recalled.say("You asked");
  await stage.run(process.say(3, "@Bot of somebody who goes", [id]));
  await stage.run(process.group(2).recall({ seq }));
  await stage.until(() => recalled.signal.aborted);
  const gone = await stage.call(2);
  await stage.run(process.group(1).remove({ user: person(3).id }));
  await stage.until(() => gone.signal.aborted);
  await stage.pass(2_000);
  deepStrictEqual(await stage.answers(), []);
  deepStrictEqual([process.meters.dropped, await stage.unsettled()], [2, false]);
  await stage.run(process.say(2, "@Bot again", [id]));
  await stage.reply(3, "Here.");
  strictEqual((await stage.answers()).length, 1);
});

Deno.test("[AS18] what finished in the very moment of the recall is not told", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  const { seq } = await stage.run(process.say(2, "@Bot recalled", [id]));
  const call = await stage.call(1);
  await stage.pass(1_000);
  call.say("Too late");
  call.finish();
  await stage.settle();
  // The word that it is complete is on its way when the question is recalled.
  const { clock } = stage;
  const after = clock.after.bind(clock);
  const heard: (() => void)[] = [];
  clock.after = (ms, callback) => ms > 0 ? after(ms, callback) : (heard.push(callback), () => {});
  await stage.until(() => heard.length > 0);
  await stage.run(process.group(2).recall({ seq }));
  clock.after = after;
  for (const callback of heard) callback();
  await stage.pass(3_000);
  deepStrictEqual(await stage.answers(), []);
});

Deno.test("[AS18] an assistant that is switched off or removed answers nothing that is still open", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  await stage.run(process.say(2, "@Bot one", [id]));
  const first = await stage.call(1);
  await stage.set(process, { enabled: false });
  await stage.until(() => first.signal.aborted);
  await stage.set(process);
  await stage.run(process.say(2, "@Bot two", [id]));
  await stage.run(process.say(3, "@Bot three", [id]));
  const second = await stage.call(2);
  await stage.run(process.group(1).remove({ user: id }));
  await stage.until(() => second.signal.aborted);
  await stage.pass(3_000);
  deepStrictEqual(await stage.answers(), []);
  deepStrictEqual([process.meters.dropped, await stage.unsettled()], [3, false]);
});

Deno.test("[AS18] a question that history has let go of is not answered", async () => {
  const { stage, process, id } = await AssistantStage.withGroup({
    conversation: { retentionMs: 60_000 },
    answer: { totalMaxMs: 300_000, waitMaxMs: 300_000 },
  });
  await using _ = stage;
  await stage.run(process.say(2, "@Bot one", [id]));
  const call = await stage.call(1);
  await stage.pass(50_000);
  call.say("still here");
  await stage.pass(15_000);
  await stage.run(
    process.node.ref(conversationActor, GROUP).sweep({ now: stage.clock.now(), limit: 100 }),
  );
  await stage.until(() => call.signal.aborted);
  await stage.pass(1_000);
  deepStrictEqual(await stage.answers(), []);
  strictEqual(await stage.unsettled(), false);
});

Deno.test("[AS19] where only some may write it answers those alone", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  await stage.run(process.say(2, "@Bot of a member", [id]));
  await stage.run(process.say(1, "@Bot of the owner", [id]));
  const member = await stage.call(1);
  await stage.run(process.group(1).update({ mutedAll: true }));
  await stage.until(() => member.signal.aborted);
  await stage.reply(2, "Yes, owner.");
  deepStrictEqual((await stage.answers()).map(({ text }) => text), ["Yes, owner."]);
});

Deno.test("[AS20] a model that is gone, or AI that is off, is told politely, and the next question is answered", async () => {
  const { stage, process, id } = await AssistantStage.withGroup({ assistant: { complainMs: 0 } });
  await using _ = stage;
  await stage.pass(6_000);
  stage.modelThere = false;
  await stage.pass(6_000);
  await stage.run(process.say(2, "@Bot one", [id]));
  await stage.pass(1_000);
  stage.enabled = false;
  await stage.run(process.say(2, "@Bot two", [id]));
  await stage.pass(1_000);
  stage.enabled = stage.modelThere = true;
  await stage.pass(6_000);
  await stage.run(process.say(2, "@Bot three", [id]));
  await stage.reply(1, "Here again.");
  deepStrictEqual((await stage.answers()).map(({ text }) => text), [
    "I cannot answer now: my model is not there any more.",
    "I cannot answer now: AI is switched off on this server.",
    "Here again.",
  ]);
});

Deno.test("[AS20] an answer of nothing, and one of control characters, is none", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  await stage.run(process.say(2, "@Bot say nothing", [id]));
  await stage.reply(1, " \u0007\u202e \n");
  const [answer] = await stage.answers();
  strictEqual(answer!.text, "I cannot answer now: the model had nothing to say.");
});

Deno.test("[AS23] once it is told, or not wanted any more, nothing of what the model was shown is kept but in the group", async () => {
  const { stage, process, id } = await AssistantStage.withGroup();
  await using _ = stage;
  await stage.run(process.say(1, "The password is swordfish"));
  await stage.run(process.say(2, "@Bot one", [id]));
  await stage.reply(1, "It is swordfish.");
  const { seq } = await stage.run(process.say(2, "@Bot two", [id]));
  (await stage.call(2)).say("It is swordfish.");
  await stage.run(process.group(2).recall({ seq }));
  await stage.pass(3_000);
  const kept = await stage.storage.answers.outsideThreads(person(2).id, { limit: 10 });
  strictEqual(kept.length, 2);
  ok(!JSON.stringify(kept).includes("swordfish"));
  ok(kept.every(({ usage }) => usage !== undefined));
});
