import { deepEqual, equal, match, notEqual } from "node:assert/strict";
import type { Message } from "protocol/chat.ts";
import { ConversationStage, group, member, outcome, person } from "tests/support/conversation_stage.ts";

function changes(messages: readonly Message[]): unknown[] {
  return messages.flatMap((message) =>
    message.kind === "change" ? [[message.sender.name, message.change]] : []
  );
}

Deno.test("[J30] a group is made once, by its maker, with a number and the defaults but for what is given", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = group(1, "x");
  const make = (n: number, title = "My group") =>
    process.at(id, member(n)).create({ id: "x", title, historyForNewcomers: true });
  const made = await stage.run(make(1));
  const { number, ...settings } = made.group!;
  match(number, /^[1-9]\d{8}$/);
  deepEqual(settings, {
    ...{ title: "My group", announcement: "", join: "approval", mutedAll: false, historyForNewcomers: true },
    ...{ members: 1, role: "owner" },
  });
  deepEqual([made.version, made.head, made.unread], [1, 1, 0]);
  equal(await stage.run(outcome(make(2))), "forbidden");
  const restarted = await stage.restart(process);
  const again = restarted.at(id, member(1)).create({ id: "x", title: "Another" });
  deepEqual(await stage.run(again), made);
  deepEqual(changes(await stage.stored(id)), [["User 1", { what: "created", title: "My group" }]]);
});

Deno.test("[J30] a number that is taken is passed over", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = group(1, "x");
  const first = await stage.run(process.at(id, member(1)).create({ id: "x", title: "A" }));
  const taken = first.group!.number;
  await using other = await ConversationStage.open();
  const record = { kind: "group", id: group(9), createdAt: 0, number: taken } as const;
  const settings = {
    title: "B",
    announcement: "",
    join: "open",
    mutedAll: false,
    historyForNewcomers: true,
  } as const;
  await other.storage.conversations.create({ ...record, settings }, 1, []);
  const there = await other.start();
  const made = await other.run(there.at(id, member(1)).create({ id: "x", title: "A" }));
  notEqual(made.group!.number, taken);
});

Deno.test("[J31] a change of the settings is a message and counts at once, for good; one that changes nothing is none", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2]));
  const update = { title: "New", announcement: "Hello\nall", join: "invite", mutedAll: true } as const;
  const view = await stage.run(process.at(id, member(1)).update(update));
  await stage.run(process.at(id, member(1)).update({ title: "New", mutedAll: true }));
  deepEqual(view.group?.announcement, "Hello\nall");
  equal(await stage.run(outcome(process.say(id, 2, "text"))), "muted");
  equal(await stage.run(outcome(process.say(id, 1, "text"))), "ok");
  const restarted = await stage.restart(process);
  equal((await stage.run(restarted.at(id, member(2)).open({}))).group?.title, "New");
  deepEqual(changes(await stage.stored(id)).slice(2), [["User 1", { what: "settings", settings: update }]]);
});

Deno.test("[J32] the owner makes admins, up to a number, and takes it back; each is a message", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: { adminsMax: 1 } });
  await using _ = stage;
  const id = await stage.run(process.found([2, 3]));
  const role = (by: number, n: number, role: "admin" | "member") =>
    stage.run(outcome(process.at(id, member(by)).role({ user: person(n).id, role })));
  equal(await role(1, 2, "admin"), "ok");
  equal(await role(1, 2, "admin"), "ok");
  equal(await role(1, 3, "admin"), "conflict");
  equal(await role(2, 3, "admin"), "forbidden");
  equal(await role(1, 1, "member"), "conflict");
  equal(await role(1, 7, "admin"), "not_found");
  equal(await role(1, 2, "member"), "ok");
  equal(await role(1, 3, "admin"), "ok");
  deepEqual(changes(await stage.stored(id)).slice(3), [
    ["User 1", { what: "role", user: person(2), role: "admin" }],
    ["User 1", { what: "role", user: person(2), role: "member" }],
    ["User 1", { what: "role", user: person(3), role: "admin" }],
  ]);
});

Deno.test("[J33] there is one owner: whoever makes another the owner is an admin from then on", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2, 3]));
  const transfer = (by: number, n: number) =>
    stage.run(outcome(process.at(id, member(by)).transfer({ user: person(n).id })));
  equal(await transfer(2, 2), "forbidden");
  equal(await transfer(1, 7), "not_found");
  equal(await transfer(1, 1), "ok");
  equal(await transfer(1, 2), "ok");
  const restarted = await stage.restart(process);
  const roles = await Promise.all([1, 2, 3].map(async (n) => {
    const view = await stage.run(restarted.at(id, member(n)).open({}));
    return view.group?.role;
  }));
  deepEqual(roles, ["admin", "owner", "member"]);
  equal(changes(await stage.stored(id)).length, 4);
});

Deno.test("[J34] the owner leaves last, or makes somebody else the owner first; nobody enters what all have left", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2]));
  const leave = (n: number) => stage.run(outcome(process.at(id, member(n)).leave({})));
  const { link } = await stage.run(process.at(id, member(1)).link({}));
  const title = { title: "Group" };
  equal((await stage.storage.conversations.find(title, 9)).length, 1);
  equal(await leave(1), "conflict");
  equal(await leave(2), "ok");
  equal(await leave(2), "ok");
  equal(await leave(3), "forbidden");
  equal(await leave(1), "ok");
  equal(await stage.run(outcome(process.at(id, member(3)).join({}))), "gone");
  equal(await stage.run(outcome(process.at(id, member(3)).join({ link }))), "gone");
  equal((await stage.storage.conversations.find(title, 9)).length, 0);
  deepEqual(changes(await stage.stored(id)).slice(2), [["User 2", { what: "left" }], ["User 1", {
    what: "left",
  }]]);
});

Deno.test("[J35] members are listed page by page; who is on the way in is for those who decide", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const id = await stage.run(process.found([2, 3], { join: "approval" }));
  await stage.run(process.at(id, member(4)).join({}));
  await stage.run(process.at(id, member(1)).invite({ users: [person(5).id] }));
  const list = (n: number, state: "member" | "asked" | "invited", after?: string) =>
    stage.run(
      process.at(id, member(n)).members({ state, limit: 2, ...(after === undefined ? {} : { after }) }),
    );
  const first = await list(2, "member");
  deepEqual(first, {
    members: [{ user: person(1), role: "owner" }, { user: person(2), role: "member" }],
    next: person(2).id,
  });
  deepEqual(await list(2, "member", first.next), { members: [{ user: person(3), role: "member" }] });
  deepEqual((await list(1, "asked")).members, [{ user: person(4), role: "member" }]);
  deepEqual((await list(1, "invited")).members, [{ user: person(5), role: "member" }]);
  equal(await stage.run(outcome(list(2, "asked").then())), "forbidden");
});
