import { deepStrictEqual, match, ok, rejects, strictEqual } from "node:assert/strict";
import type { Caller } from "actors/runtime/caller.ts";
import { SetAssistant } from "protocol/assistants.ts";
import {
  type AssistantProcess,
  AssistantStage,
  type AssistantStageOptions,
} from "tests/support/assistant_stage.ts";
import { guest, OWNER, person, viewer } from "tests/support/room_stage.ts";

function set(process: AssistantProcess, given: Record<string, unknown> = {}, by: Caller = OWNER) {
  return process.room(by).setAssistant(SetAssistant.parse({ name: "Bot", ...given }));
}

/** With a room whose assistant is called Bot. */
async function withRoom(options: AssistantStageOptions = {}, settings: Record<string, unknown> = {}) {
  const stage = await AssistantStage.open(options);
  const process = await stage.start();
  await stage.run(process.room(OWNER).create({ title: "Stage", settings }));
  const { id } = await stage.run(set(process));
  return { stage, process, id };
}

/** What its assistant has said. */
async function said(process: AssistantProcess): Promise<string[]> {
  return (await process.items()).flatMap(({ assistant, text }) => assistant ? [text] : []);
}

Deno.test("[AS5] the owner sets it, moderators remove it; all see it, and those who keep order what it is told", async () => {
  const { stage, process, id } = await withRoom();
  await using _ = stage;
  await stage.run(process.room(OWNER).appoint({ user: person(2).id }));
  await rejects(stage.run(set(process, {}, viewer(2))), { reason: "forbidden" });
  const own = await stage.run(set(process, { instructions: "Be brief" }));
  strictEqual(own.id, id);
  deepStrictEqual(await stage.run(process.room(viewer(2)).assistant({})), own);
  await rejects(stage.run(process.room(viewer(3)).assistant({})), { reason: "forbidden" });
  const shown = { id, name: "Bot", model: "m1", enabled: true };
  deepStrictEqual((await stage.run(process.room(viewer(3)).info({}))).assistant, shown);
  process.kill();
  const second = await stage.start();
  deepStrictEqual((await stage.run(second.room(viewer(3)).info({}))).assistant, shown);
  const [listed] = await stage.storage.rooms.list({ limit: 1 });
  deepStrictEqual(listed!.assistant, shown);
  await stage.run(second.room(viewer(2)).removeAssistant({}));
  await stage.run(second.room(viewer(2)).removeAssistant({}));
  strictEqual((await stage.run(second.room(viewer(3)).info({}))).assistant, undefined);
  await rejects(stage.run(second.room(OWNER).assistant({})), { reason: "not_found" });
  stage.enabled = false;
  await rejects(stage.run(set(second)), { reason: "conflict", message: /AI is switched off/ });
});

Deno.test("[AS30] whoever calls it by its name is answered with an item of the room, marked, with his name before it", async () => {
  const { stage, process, id } = await withRoom();
  await using _ = stage;
  await stage.run(process.shout(viewer(3), "what a wave"));
  await stage.run(process.shout(viewer(2), "hey @bot, how high is it?"));
  const call = await stage.call(1);
  const { request } = call.call;
  ok(request.feature === "text");
  match(request.messages[0]!.content, /live room "Stage".*at most 200 characters/s);
  deepStrictEqual(request.messages.slice(1).map(({ content }) => content), [
    "User 3: what a wave",
    "User 2: hey @bot, how high is it?",
  ]);
  await stage.reply(1, "Two\nmetres.");
  const item = (await process.items()).at(-1)!;
  deepStrictEqual([item.user, item.text, item.assistant], [{ id, name: "Bot" }, "@User 2 Two metres.", true]);
  deepStrictEqual([process.meters.asked, process.meters.answered], [1, 1]);
});

Deno.test("[AS31] what it says is cut to the characters of the room after a sentence", async () => {
  const { stage, process } = await withRoom({}, { textMax: 40 });
  await using _ = stage;
  await stage.run(process.shout(viewer(2), "@Bot why?"));
  await stage.reply(1, "Because the wind blows. And because of the moon, and much else.");
  deepStrictEqual(await said(process), ["@User 2 Because the wind blows. …"]);
});

Deno.test("[AS32] equal questions of a tick are one; questions are answered in order, one after the other", async () => {
  const { stage, process } = await withRoom();
  await using _ = stage;
  await stage.run(process.shout(viewer(1), "first"));
  const asked = [
    ...[2, 3, 4].map((user) => process.shout(viewer(user), "@bot 666?")),
    process.shout(viewer(5), "@Bot and now?"),
  ];
  await stage.run(Promise.all(asked));
  await stage.call(1);
  await stage.pass(2_000);
  strictEqual(stage.provider.calls.length, 1);
  await stage.reply(1, "Yes.");
  await stage.reply(2, "Later.");
  deepStrictEqual(await said(process), ["@User 2 Yes.", "@User 5 Later."]);
});

Deno.test("[AS32] over so many questions of a room, or of one user, they are dropped, counted and told once a minute", async () => {
  const { stage, process } = await withRoom({ assistant: { questionsMax: 3, perUserMax: 2 } });
  await using _ = stage;
  for (const [user, text] of [[2, "a"], [2, "b"], [2, "c"], [3, "d"], [4, "e"]] as const) {
    await stage.run(process.shout(viewer(user), `@Bot ${text}`));
  }
  await stage.pass(1_000);
  deepStrictEqual([process.meters.asked, process.meters.dropped], [5, 2]);
  for (let n = 1; n <= 3; n++) await stage.reply(n, `answer ${n}`);
  deepStrictEqual(await said(process), [
    "I cannot answer now: too many questions wait already.",
    "@User 2 answer 1",
    "@User 2 answer 2",
    "@User 3 answer 3",
  ]);
});

Deno.test("[AS33] guests are answered where the settings let them ask", async () => {
  for (const guests of [false, true]) {
    const { stage, process } = await withRoom({ answer: { guests } });
    await using _ = stage;
    await stage.run(process.shout(guest(7), "@Bot hello"));
    if (guests) await stage.reply(1, "Hello.");
    else await stage.pass(2_000);
    const refused = "I cannot answer now: you may not ask an AI here.";
    deepStrictEqual(await said(process), [guests ? "@User 7 Hello." : refused]);
  }
});

Deno.test("[AS33] who was muted meanwhile is not answered, nor anybody when it is switched off, removed, or the room has ended", async () => {
  const { stage, process } = await withRoom();
  await using _ = stage;
  await stage.run(process.shout(viewer(2), "@Bot hello"));
  const first = await stage.call(1);
  await stage.run(process.room(OWNER).mute({ user: person(2).id, forMs: 60_000 }));
  await stage.until(() => first.signal.aborted);
  await stage.run(process.shout(viewer(3), "@Bot hello"));
  const second = await stage.call(2);
  await stage.run(set(process, { enabled: false }));
  await stage.until(() => second.signal.aborted);
  await stage.run(set(process));
  await stage.run(process.shout(viewer(3), "@Bot and now?"));
  const third = await stage.call(3);
  third.say("Too late");
  await stage.run(process.room(OWNER).update({ state: "ended" }));
  third.finish();
  await stage.pass(3_000);
  deepStrictEqual(await said(process), []);
  strictEqual(process.meters.dropped, 3);
});

Deno.test("[AS34] what it says is merged with nothing that a person says in the same tick, and is no question", async () => {
  const { stage, process, id } = await withRoom({ room: { tickMs: 5_000, tickMaxMs: 5_000 } });
  await using _ = stage;
  await stage.run(process.shout(viewer(2), "@Bot say my name"));
  const call = await stage.call(1);
  call.say("@Bot yes");
  call.finish();
  await stage.pass(1_000);
  await stage.run(process.shout(viewer(3), "@User 2 @Bot yes"));
  const items = (await process.items()).slice(1);
  deepStrictEqual(items.map(({ user, assistant, text, count }) => [user.id, assistant, text, count]), [
    [id, true, "@User 2 @Bot yes", 1],
    [person(3).id, undefined, "@User 2 @Bot yes", 1],
  ]);
  // Asked by the person alone.
  strictEqual(process.meters.asked, 2);
});
