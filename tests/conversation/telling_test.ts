import { deepEqual, equal, ok } from "node:assert/strict";
import { SYSTEM } from "actors/runtime/caller.ts";
import { ConversationStage, direct, group, member, person } from "tests/support/conversation_stage.ts";

const D = direct(1, 2);

Deno.test("[J45] each change names the one before it that is for all, so who has missed one can tell", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(process.write(1, 2, "a"));
  await stage.run(process.write(1, 2, "b"));
  const mine = process.at(D, member(2));
  await stage.run(mine.settings({ pinned: true }));
  await stage.run(process.at(D, member(1)).edit({ seq: 1, text: "c" }));
  await stage.run(mine.read({ seq: 2 }));
  await stage.run(process.at(D, member(1)).recall({ seq: 2 }));
  const before = await stage.heard(D);
  deepEqual(before.map(({ method, version, previous }) => [method, version, previous]), [
    ["chat.message", 1, 0],
    ["chat.message", 2, 1],
    ["chat.settings", 3, 2],
    ["chat.message", 4, 2],
    ["chat.read", 5, 4],
    ["chat.recalled", 6, 4],
  ]);
  await stage.run(mine.settings({ pinned: false }));
  const restarted = await stage.restart(process);
  await stage.run(restarted.write(2, 1, "d"));
  const last = (await stage.heard(D)).at(-1);
  deepEqual([last?.version, last?.previous], [8, 6]);
  ok(last!.epoch > before[0]!.epoch);
});

Deno.test("[J46] each change names a version since which nobody has come or gone; nodes ask who is there", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2]));
  await stage.run(process.say(id, 1, "a"));
  await stage.run(process.at(id, member(2)).read({ seq: 3 }));
  await stage.run(process.at(id, member(1)).remove({ user: person(2).id }));
  await stage.run(process.say(id, 1, "b"));
  const told = (await stage.heard(id)).map(({ version, members }) => [version, members]);
  deepEqual(told, [[1, 1], [3, 3], [4, 3], [5, 3], [6, 6], [7, 6]]);
  const among = async (of: typeof process) => {
    const users = [1, 2, 3].map((n) => person(n).id);
    return await stage.run(of.at(id, SYSTEM).membersAmong({ users }));
  };
  deepEqual(await among(process), { version: 6, members: [person(1).id] });
  // A new owner does not know when it was, so it says: not since I know.
  const restarted = await stage.restart(process);
  deepEqual(await among(restarted), { version: 7, members: [person(1).id] });
  await stage.run(restarted.say(id, 1, "c"));
  deepEqual((await stage.heard(id)).at(-1)?.members, 7);
});

Deno.test("[J47] the nodes of whoever comes, goes, is invited or asks are told to look", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(process.write(3, 4, "hello"));
  const id = await stage.run(process.found([2], { join: "approval" }));
  await stage.run(process.at(id, member(5)).join({}));
  await stage.run(process.at(id, member(1)).approve({ user: person(5).id }));
  await stage.run(process.at(id, member(5)).leave({}));
  await stage.run(process.at(id, member(2)).settings({ muted: true }));
  await stage.run(process.say(id, 2, "hello"));
  await stage.settle();
  deepEqual(stage.rung, [3, 4, 1, 2, 2, 5, 5, 5].map((n) => person(n).id));
});

Deno.test("[J48] a node that asks who is in a conversation that never began is told: nobody", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const among = process.at(group(1), SYSTEM).membersAmong({ users: [person(1).id] });
  deepEqual(await stage.run(among), { version: 0, members: [] });
  equal(stage.rung.length, 0);
});
