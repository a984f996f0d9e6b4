import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import type { Message } from "protocol/chat.ts";
import { ConversationStage, direct, member, outcome, person } from "tests/support/conversation_stage.ts";

function changes(messages: readonly Message[]): unknown[] {
  return messages.flatMap((message) =>
    message.kind === "change" ? [[message.sender.name, message.change]] : []
  );
}

const joined = (n: number) => ({ what: "joined", users: [person(n)] });

Deno.test("[J36] an open group is joined by whoever finds it; again it changes nothing", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found());
  const summary = await stage.run(process.at(id, member(2)).preview({}));
  deepEqual([summary.title, summary.members, summary.join], ["Group", 1, "open"]);
  const once = await stage.run(process.at(id, member(2)).join({}));
  deepEqual(await stage.run(process.at(id, member(2)).join({})), once);
  deepEqual(once.state === "member" && [once.conversation.group?.members, once.conversation.unread], [2, 0]);
  deepEqual(changes(await stage.stored(id)).slice(1), [["User 2", joined(2)]]);
  deepEqual(stage.rung, [person(1).id, person(2).id]);
});

Deno.test("[J37] where an admin decides, who asks waits; admins hear of it; both answers are final until the next", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2], { join: "approval" }));
  const [asking, deciding] = [process.at(id, member(3)), process.at(id, member(1))];
  const decided = { user: person(3).id };
  deepEqual(await stage.run(asking.join({})), { state: "asked" });
  deepEqual(await stage.run(asking.join({})), { state: "asked" });
  const { delta } = await stage.run(asking.since({ limit: 1 }));
  equal(delta.state, "asked");
  equal(await stage.run(outcome(process.say(id, 3, "hi"))), "forbidden");
  const asked = (await stage.heard(id)).filter(({ method }) => method === "chat.asked");
  deepEqual(asked.map(({ to, params }) => [to, params["user"]]), [[[person(1).id], person(3)]]);
  equal(await stage.run(outcome(process.at(id, member(2)).approve(decided))), "forbidden");
  await stage.run(deciding.decline(decided));
  await stage.run(deciding.decline(decided));
  equal(await stage.run(outcome(deciding.approve(decided))), "not_found");
  await stage.run(asking.join({}));
  await stage.run(deciding.approve(decided));
  await stage.run(deciding.approve(decided));
  equal(await stage.run(outcome(process.say(id, 3, "hi"))), "ok");
  deepEqual(changes(await stage.stored(id)).slice(2), [["User 1", joined(3)]]);
});

Deno.test("[J37] a request can be taken back", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([], { join: "approval" }));
  await stage.run(process.at(id, member(3)).join({}));
  await stage.run(process.at(id, member(3)).leave({}));
  equal(await stage.run(outcome(process.at(id, member(1)).approve({ user: person(3).id }))), "not_found");
  equal((await stage.stored(id)).length, 1);
});

Deno.test("[J38] who is invited sees the group and comes in by joining it, or turns it down", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([], { join: "invite" }));
  const [inviting, invited] = [process.at(id, member(1)), process.at(id, member(3))];
  equal(await stage.run(outcome(invited.preview({}))), "forbidden");
  equal(await stage.run(outcome(invited.join({}))), "forbidden");
  const users = [person(3).id, person(4).id, person(3).id, person(1).id];
  deepEqual(await stage.run(inviting.invite({ users })), { users: users.slice(0, 2) });
  deepEqual(await stage.run(inviting.invite({ users })), { users: users.slice(0, 2) });
  deepEqual(stage.rung.slice(1), users.slice(0, 2));
  const { delta } = await stage.run(invited.since({ limit: 1 }));
  deepEqual([delta.state, delta.version], ["invited", 2]);
  equal((await stage.run(invited.preview({}))).title, "Group");
  await stage.run(process.at(id, member(4)).leave({}));
  equal(await stage.run(outcome(process.at(id, member(4)).join({}))), "forbidden");
  equal((await stage.run(invited.join({}))).state, "member");
  deepEqual(changes(await stage.stored(id)).slice(1), [["User 3", joined(3)]]);
  equal(await stage.run(outcome(inviting.invite({ users: [person(88).id] }))), "not_found");
});

Deno.test("[J38] to an open group every member invites, to another one its owner and admins", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2]));
  const invite = () => stage.run(outcome(process.at(id, member(2)).invite({ users: [person(3).id] })));
  equal(await invite(), "ok");
  await stage.run(process.at(id, member(1)).update({ join: "approval" }));
  equal(await invite(), "forbidden");
  await stage.run(process.at(id, member(1)).role({ user: person(2).id, role: "admin" }));
  equal(await invite(), "ok");
});

Deno.test("[J38] inviting who has asked lets him in", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([], { join: "approval" }));
  await stage.run(process.at(id, member(3)).join({}));
  await stage.run(process.at(id, member(1)).invite({ users: [person(3).id] }));
  equal(await stage.run(outcome(process.say(id, 3, "hi"))), "ok");
});

Deno.test("[J39] whoever has blocked the inviter is not invited", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found());
  await stage.run(process.at(direct(1, 3), member(3)).block({ peer: person(1).id, blocked: true }));
  await stage.run(process.at(direct(1, 4), member(1)).block({ peer: person(4).id, blocked: true }));
  const users = [person(3).id, person(4).id];
  deepEqual(await stage.run(process.at(id, member(1)).invite({ users })), { users: [person(4).id] });
  equal(await stage.storage.memberships.read(id, person(3).id), undefined);
});

Deno.test("[J40] a join link lets in whoever has it, until it is taken back", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2], { join: "invite" }));
  const owner = process.at(id, member(1));
  const { link } = await stage.run(owner.link({}));
  match(link, /^[A-Za-z0-9_-]{22}$/);
  deepEqual(await stage.run(owner.link({})), { link });
  equal((await stage.run(process.at(id, member(3)).preview({ link }))).title, "Group");
  equal((await stage.run(process.at(id, member(3)).join({ link }))).state, "member");
  const restarted = await stage.restart(process);
  await stage.run(restarted.at(id, member(1)).unlink({}));
  await stage.run(restarted.at(id, member(1)).unlink({}));
  equal(await stage.run(outcome(restarted.at(id, member(4)).join({ link }))), "forbidden");
  notEqual((await stage.run(restarted.at(id, member(1)).link({}))).link, link);
});

Deno.test("[J41] who is removed is out at once and comes back by invitation only; those above others remove them", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2, 3, 4, 5]));
  for (const n of [2, 3]) {
    await stage.run(process.at(id, member(1)).role({ user: person(n).id, role: "admin" }));
  }
  const remove = (by: number, n: number) =>
    stage.run(outcome(process.at(id, member(by)).remove({ user: person(n).id })));
  deepEqual([await remove(4, 5), await remove(2, 3), await remove(2, 1), await remove(2, 9)], [
    ...["forbidden", "forbidden", "forbidden", "not_found"],
  ]);
  deepEqual([await remove(2, 4), await remove(2, 4), await remove(1, 3)], ["ok", "ok", "ok"]);
  for (const verb of ["open", "history", "join"] as const) {
    const ref = process.at(id, member(4));
    const call = verb === "history" ? ref.history({ after: 0, limit: 1 }) : ref[verb]({});
    equal(await stage.run(outcome(call)), "forbidden", verb);
  }
  deepEqual(changes(await stage.stored(id)).slice(-2), [
    ["User 2", { what: "removed", users: [person(4)] }],
    ["User 1", { what: "removed", users: [person(3)] }],
  ]);
  await stage.run(process.at(id, member(1)).invite({ users: [person(4).id] }));
  equal(await stage.run(outcome(process.at(id, member(4)).join({}))), "ok");
  const { group: role } = await stage.run(process.at(id, member(4)).open({}));
  equal(role?.role, "member");
});

Deno.test("[J42] newcomers see what was said before they came only where the group says so when they come", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: { memoryMessages: 2 } });
  await using _ = stage;
  const id = await stage.run(process.found());
  for (const n of [1, 2, 3]) await stage.run(process.say(id, 1, `before ${n}`));
  await stage.run(process.at(id, member(2)).join({}));
  await stage.run(process.at(id, member(1)).update({ historyForNewcomers: true }));
  await stage.run(process.at(id, member(3)).join({}));
  await stage.run(process.at(id, member(1)).edit({ seq: 2, text: "edited" }));
  const seen = async (n: number) => {
    const at = process.at(id, member(n));
    const { messages, older } = await stage.run(at.history({ before: 999, limit: 99 }));
    const { delta } = await stage.run(at.since({ version: 0, limit: 99 }));
    return [messages.map(({ seq }) => seq), older, delta.messages.map(({ seq }) => seq)];
  };
  deepEqual(await seen(2), [[5, 6, 7], false, [5, 6, 7]]);
  deepEqual(await seen(3), [[1, 2, 3, 4, 5, 6, 7], false, [1, 3, 4, 5, 6, 7, 2]]);
});

Deno.test("[J43] a group has room for so many members, and for so many on the way in", async () => {
  const { stage, process } = await ConversationStage.withProcess({
    limits: { membersMax: 3, candidatesMax: 2 },
  });
  await using _ = stage;
  const id = await stage.run(process.found([2]));
  const invite = (...users: number[]) =>
    stage.run(outcome(process.at(id, member(1)).invite({ users: users.map((n) => person(n).id) })));
  equal(await invite(3, 4, 5), "conflict");
  equal(await invite(3, 4), "ok");
  equal(await invite(5), "conflict");
  const join = (n: number) => stage.run(outcome(process.at(id, member(n)).join({})));
  deepEqual([await join(3), await join(4), await join(5)], ["ok", "conflict", "conflict"]);
  await stage.run(process.at(id, member(3)).leave({}));
  equal(await join(5), "ok");
});

Deno.test("[J44] who has gone gets what he missed until then, and nothing of what happened after", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: { memoryMessages: 2 } });
  await using _ = stage;
  const id = await stage.run(process.found([2]));
  for (const n of [1, 2, 3]) await stage.run(process.say(id, 1, `${n}`));
  await stage.run(process.at(id, member(1)).remove({ user: person(2).id }));
  await stage.run(process.at(id, member(1)).edit({ seq: 4, text: "not for him" }));
  await stage.run(process.say(id, 1, "nor this"));
  const gone = async () => {
    const { delta, more } = await stage.run(process.at(id, member(2)).since({ version: 2, limit: 2 }));
    const next = await stage.run(process.at(id, member(2)).since({ version: delta.version, limit: 9 }));
    return [
      delta.state,
      delta.messages.map(({ seq }) => seq),
      more,
      next.delta.messages.map(({ seq }) => seq),
      next.delta.version,
    ];
  };
  const seen = ["gone", [2, 3], true, [5, 6], 7];
  deepEqual(await gone(), seen);
  // Invited and not come: still nothing.
  await stage.run(process.at(id, member(1)).invite({ users: [person(2).id] }));
  await stage.run(process.at(id, member(2)).leave({}));
  const version = (await stage.storage.memberships.read(id, person(2).id))?.version;
  deepEqual(await gone(), [...seen.slice(0, 4), version]);
});
