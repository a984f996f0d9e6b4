import { deepEqual, equal } from "node:assert/strict";
import { messageSweep } from "actors/conversation/overdue.ts";
import { BarrageError } from "protocol/errors.ts";
import {
  type ConversationProcess,
  ConversationStage,
  direct,
  member,
  outcome,
  person,
  textsOf,
} from "tests/support/conversation_stage.ts";

const D = direct(1, 2);
const DAY = 86_400_000;
const LIMITS = { sendBurst: 1e6, strangerMessages: 1e6, retentionMs: 10 * DAY };

async function sweep(
  stage: ConversationStage,
  process: ConversationProcess,
  keptMs = 10 * DAY,
): Promise<number> {
  const { remove } = messageSweep(process.node, stage.storage.conversations, keptMs);
  return await stage.run(remove(stage.clock.now(), 500));
}

/** What user 2 sees. */
async function view(stage: ConversationStage, process: ConversationProcess, id = D) {
  const ref = process.at(id, member(2));
  const { head, oldestSeq, unread, mentions, last } = await stage.run(ref.open({}));
  const history = await stage.run(ref.history({ after: 0, limit: 99 }));
  equal(history.oldestSeq, oldestSeq);
  const { delta } = await stage.run(ref.since({ limit: 99 }));
  deepEqual(textsOf(delta.messages), textsOf(history.messages));
  return { head, oldestSeq, unread, mentions, last: last?.seq, texts: textsOf(history.messages) };
}

Deno.test("[J120] what is older than it is kept is removed from the beginning on, and nothing by default", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: LIMITS });
  await using _ = stage;
  for (const text of ["one", "two"]) await stage.run(process.write(1, 2, text));
  await stage.jump(9 * DAY);
  for (const text of ["three", "four"]) await stage.run(process.write(1, 2, text));
  equal(await sweep(stage, process), 0);
  await stage.jump(2 * DAY);
  equal(await sweep(stage, process, 0), 0, "nothing is looked for where everything is kept");
  equal(await sweep(stage, process), 2);
  equal(await sweep(stage, process), 0);
  deepEqual(textsOf(await stage.stored(D)), ["three", "four"]);
  await stage.jump(20 * DAY);
  equal(await sweep(stage, process), 2);
  deepEqual(await stage.stored(D), []);
  const now = stage.clock.now();
  const overdue = (days: number) =>
    stage.storage.conversations.overdue({ now: now + days * DAY, before: now + (days - 10) * DAY }, 9);
  deepEqual([await overdue(0), await overdue(10), (await overdue(11)).length], [[], [], 1]);
});

Deno.test("[J120] the owner of a group says that less is kept there, and no admin does", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: LIMITS });
  await using _ = stage;
  const id = await stage.run(process.found([2, 3]));
  const owner = process.at(id, member(1));
  await stage.run(owner.role({ user: person(2).id, role: "admin" }));
  await stage.run(process.say(id, 2, "old"));
  const update = (user: number, retentionDays: number) =>
    stage.run(outcome(process.at(id, member(user)).update({ retentionDays })));
  deepEqual([await update(2, 1), await update(3, 1), await update(1, 2)], ["forbidden", "forbidden", "ok"]);
  await stage.jump(3 * DAY);
  const young = (await stage.run(process.say(id, 2, "young"))).seq;
  equal(await sweep(stage, process), young - 1);
  deepEqual(textsOf(await stage.stored(id)), ["young"]);
  await update(1, 0);
  await stage.jump(3 * DAY);
  equal(await sweep(stage, process), 0);
  await update(1, 3_000);
  await stage.jump(9 * DAY);
  equal(await sweep(stage, process), 2, "the server keeps less than the group asks for");
});

Deno.test("[J120] a sweep takes a bounded number, conversation by conversation, and goes on with the next", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: LIMITS });
  await using _ = stage;
  for (const other of [2, 3, 4]) {
    for (let n = 0; n < 4; n++) await stage.run(process.write(1, other, `${n}`));
    await stage.pass(1_000);
  }
  await stage.jump(11 * DAY);
  const { remove } = messageSweep(process.node, stage.storage.conversations, 10 * DAY);
  const removed: number[] = [];
  for (let n = 0; n < 4; n++) removed.push(await stage.run(remove(stage.clock.now(), 5)));
  deepEqual(removed, [5, 5, 2, 0]);
});

Deno.test("[J120] a conversation that cannot be asked keeps back none beside it, and is tried again", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: LIMITS });
  await using _ = stage;
  for (const other of [2, 3]) await stage.run(process.write(1, other, "old"));
  await stage.jump(11 * DAY);
  process.storage.faultNext({ kind: "refuse", error: new BarrageError("unavailable") });
  equal(await sweep(stage, process), 1);
  await stage.pass(10_000);
  equal(await sweep(stage, process), 1);
  deepEqual([await stage.stored(D), await stage.stored(direct(1, 3))], [[], []]);
});

Deno.test("[J121] places count on, and all say where history begins, after a restart too; unread counts none that is gone", async () => {
  const { stage, process } = await ConversationStage.withProcess({
    limits: { ...LIMITS, memoryMessages: 3 },
  });
  await using _ = stage;
  const mentions = [person(2).id];
  for (let n = 1; n <= 5; n++) await stage.run(process.write(1, 2, `${n}`, undefined, { mentions }));
  await stage.jump(6 * DAY);
  for (let n = 6; n <= 9; n++) await stage.run(process.write(1, 2, `${n}`, undefined, { mentions }));
  await stage.jump(5 * DAY);
  const before = await stage.run(process.at(D, member(2)).open({}));
  equal(await sweep(stage, process), 5);
  const kept = { head: 9, oldestSeq: 6, unread: 4, mentions: 4, last: 9, texts: ["6", "7", "8", "9"] };
  deepEqual(await view(stage, process), kept);
  const restarted = await stage.restart(process);
  deepEqual(await view(stage, restarted), kept);
  const swept = (await stage.heard(D)).at(-1)!;
  deepEqual([swept.method, swept.to, swept.params], [
    "chat.swept",
    undefined,
    { conversation: D, version: 10, oldestSeq: 6 },
  ]);
  const [membership] = await stage.storage.memberships.ofUser(person(2).id, { limit: 9 });
  equal(membership?.version, 10);
  const since = { version: before.version, limit: 9 };
  const { delta } = await stage.run(restarted.at(D, member(2)).since(since));
  deepEqual([delta.messages, delta.version], [[], 10]);
  await stage.jump(9 * DAY);
  equal(await sweep(stage, restarted), 4);
  const empty = { head: 9, oldestSeq: 10, unread: 0, mentions: 0, last: undefined, texts: [] };
  deepEqual(await view(stage, restarted), empty);
  const again = await stage.restart(restarted);
  deepEqual(await view(stage, again), empty);
  equal((await stage.run(again.write(2, 1, "next"))).seq, 10);
  deepEqual((await stage.heard(D)).slice(-2).map(({ version, previous }) => [version, previous]), [
    [11, 10],
    [12, 11],
  ]);
  const after = await view(stage, again);
  deepEqual([after.oldestSeq, after.last, after.texts], [10, 10, ["next"]]);
});

Deno.test("[J121] whoever has missed that something went can tell by the next change", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: LIMITS });
  await using _ = stage;
  await stage.run(process.write(1, 2, "gone"));
  await stage.jump(11 * DAY);
  await sweep(stage, process);
  await stage.run(process.write(1, 2, "kept"));
  deepEqual(
    (await stage.heard(D)).map(({ method, version, previous }) => [method, version, previous]),
    [["chat.message", 1, 0], ["chat.swept", 2, 1], ["chat.message", 3, 2]],
  );
});

Deno.test("[J122] a retry of a message that is gone gets the first answer, and who has answered stays no stranger", async () => {
  const limits = { ...LIMITS, strangerMessages: 2, memoryMessages: 1 };
  const { stage, process } = await ConversationStage.withProcess({ limits });
  await using _ = stage;
  const first = await stage.run(process.write(1, 2, "hello", "first"));
  await stage.run(process.write(2, 1, "hello", "answer"));
  await stage.jump(11 * DAY);
  equal(await sweep(stage, process), 2);
  const restarted = await stage.restart(process);
  deepEqual(await stage.run(restarted.write(1, 2, "hello", "first")), first);
  for (let n = 0; n < 5; n++) await stage.run(restarted.write(1, 2, `${n}`));
  deepEqual(await stage.run(restarted.write(1, 2, "hello", "first")), first);
  deepEqual(textsOf(await stage.stored(D)), ["0", "1", "2", "3", "4"]);
});

Deno.test("[J123] what is gone cannot be read, edited, recalled or reported, by memory or from the database", async () => {
  const { stage, process } = await ConversationStage.withProcess({
    limits: { ...LIMITS, editMs: 99 * DAY, recallMs: 99 * DAY },
  });
  await using _ = stage;
  await stage.run(process.write(1, 2, "gone"));
  await stage.jump(11 * DAY);
  await stage.run(process.write(1, 2, "kept"));
  equal(await sweep(stage, process), 1);
  for (const restarts of [false, true]) {
    const here = restarts ? await stage.restart(process) : process;
    const mine = here.at(D, member(1));
    const tried = [
      mine.edit({ seq: 1, text: "back" }),
      mine.recall({ seq: 1 }),
      here.at(D, member(2)).report({ seq: 1, reason: "spam" }),
    ];
    const outcomes = await stage.run(Promise.all(tried.map(outcome)));
    deepEqual(outcomes, ["not_found", "not_found", "not_found"]);
    const around = await stage.run(mine.history({ around: 1, limit: 9 }));
    deepEqual([textsOf(around.messages), around.older], [["kept"], false]);
  }
});

Deno.test("[J123] whoever has left gets nothing of it either", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: LIMITS });
  await using _ = stage;
  const id = await stage.run(process.found([2, 3]));
  await stage.run(process.say(id, 1, "gone"));
  await stage.run(process.at(id, member(3)).leave({}));
  const since = () => stage.run(process.at(id, member(3)).since({ version: 1, limit: 9 }));
  equal((await since()).delta.messages.length, 3);
  await stage.jump(11 * DAY);
  await sweep(stage, process);
  const { delta } = await since();
  deepEqual([delta.state, delta.messages], ["gone", []]);
});
