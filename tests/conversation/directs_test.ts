import { deepEqual, equal, notEqual } from "node:assert/strict";
import { directId, groupId, groupNumber, isDirectId } from "actors/conversation/conversation_ids.ts";
import { Ulid } from "protocol/ids.ts";
import {
  ConversationStage,
  direct,
  member,
  outcome,
  person,
  textsOf,
  ulid,
} from "tests/support/conversation_stage.ts";

const D = direct(1, 2);

Deno.test("[J10] two users have one conversation, whose id no group can have", () => {
  const [a, b, c] = [ulid(1), ulid(2), ulid(3)];
  equal(directId(a, b), directId(b, a));
  equal(new Set([directId(a, b), directId(a, c), directId(b, c)]).size, 3);
  for (let n = 0; n < 200; n++) {
    const [ours, group] = [directId(a, ulid(n + 4)), groupId(ulid(n), "x")];
    deepEqual([isDirectId(ours), isDirectId(group)], [true, false]);
    Ulid.parse(ours);
    Ulid.parse(group);
    equal(/^[1-9]\d{8}$/.test(groupNumber(group, n)), true);
  }
  notEqual(groupId(a, "x"), groupId(b, "x"));
  notEqual(groupId(a, "x"), groupId(a, "y"));
});

Deno.test("[J11] a conversation can be opened before it is begun, and begins with its first message", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const view = await stage.run(process.at(D, member(1)).open({ peer: person(2).id }));
  deepEqual([view.peer, view.version, view.head, view.unread], [person(2), 0, 0, 0]);
  equal((await stage.storage.memberships.ofUser(person(1).id, { limit: 9 })).length, 0);
  await stage.run(process.write(1, 2, "hello"));
  const other = await stage.run(process.at(D, member(2)).open({}));
  deepEqual([other.peer, other.version, other.head, other.unread], [person(1), 1, 1, 1]);
  deepEqual(stage.rung, [person(1).id, person(2).id]);
});

Deno.test("[J11] both may begin it at once", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(
    Promise.all([process.write(1, 2, "a"), process.write(2, 1, "b"), process.write(1, 2, "c")]),
  );
  deepEqual(textsOf(await stage.stored(D)), ["a", "b", "c"]);
});

Deno.test("[J11] one begins it with somebody who has an account, and is not oneself", async () => {
  const { stage, process } = await ConversationStage.withProcess({ people: 2 });
  await using _ = stage;
  equal(await stage.run(outcome(process.write(1, 77, "nobody"))), "not_found");
  equal(
    await stage.run(outcome(process.at(direct(1, 77), member(1)).open({ peer: person(77).id }))),
    "not_found",
  );
  equal(await stage.run(outcome(process.write(1, 1, "me"))), "forbidden");
  // Under the id of others' conversation nobody gets in, whoever he names.
  const others = process.at(D, member(3));
  for (const peer of [person(1).id, person(2).id, undefined]) {
    equal(await stage.run(outcome(others.open(peer === undefined ? {} : { peer }))), "forbidden");
  }
  equal(
    await stage.run(outcome(process.at(D, member(3)).send({ id: "x", text: "hi", peer: person(1).id }))),
    "forbidden",
  );
  deepEqual(await stage.stored(D), []);
});

Deno.test("[J11] over the number of conversations one begins no more, and is written to still", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: { perUser: 2 } });
  await using _ = stage;
  await stage.run(process.write(1, 2, "a"));
  await stage.run(process.write(1, 3, "b"));
  equal(await stage.run(outcome(process.write(1, 4, "c"))), "conflict");
  equal(await stage.run(outcome(process.write(4, 1, "d"))), "ok");
  equal(await stage.run(outcome(process.write(1, 4, "answer"))), "ok");
});

Deno.test("[J12] who was never answered is kept short", async () => {
  const { stage, process } = await ConversationStage.withProcess({ limits: { memoryMessages: 2 } });
  await using _ = stage;
  const ended = await stage.run(
    Promise.all([1, 2, 3, 4].map((n) => outcome(process.write(1, 2, `${n}`, `id-${n}`)))),
  );
  deepEqual(ended, ["ok", "ok", "ok", "forbidden"]);
  const restarted = await stage.restart(process);
  equal(await stage.run(outcome(restarted.write(1, 2, "5"))), "forbidden");
  equal(await stage.run(outcome(restarted.write(1, 2, "3", "id-3"))), "ok");
  await stage.run(restarted.write(2, 1, "answer"));
  for (let n = 0; n < 4; n++) await stage.run(restarted.write(1, 2, `more ${n}`));
  // Long ago is answered as well.
  const again = await stage.restart(restarted);
  equal(await stage.run(outcome(again.write(1, 2, "still"))), "ok");
  equal((await stage.stored(D)).length, 9);
});

Deno.test("[J13] who is blocked is told so, and nothing of his arrives", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(process.write(1, 2, "hello"));
  const blocking = process.at(D, member(2));
  equal((await stage.run(blocking.block({ blocked: true }))).blocked, true);
  equal((await stage.run(blocking.block({ blocked: true }))).version, 2);
  equal(await stage.run(outcome(process.write(1, 2, "again"))), "blocked");
  equal(await stage.run(outcome(process.write(2, 1, "me"))), "blocked");
  const other = await stage.run(process.at(D, member(1)).open({}));
  deepEqual([other.blocked, "peerReadSeq" in other], [false, false]);
  await stage.run(blocking.read({ seq: 1 }));
  const heard = await stage.heard(D);
  deepEqual(heard.slice(1).map(({ method, to }) => [method, to]), [
    ["chat.settings", [person(2).id]],
    ["chat.read", [person(2).id]],
  ]);
  const restarted = await stage.restart(process);
  equal(await stage.run(outcome(restarted.write(1, 2, "again"))), "blocked");
  await stage.run(restarted.at(D, member(2)).block({ blocked: false }));
  equal(await stage.run(outcome(restarted.write(1, 2, "at last"))), "ok");
});

Deno.test("[J13] somebody can be blocked before he has ever written", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const blocking = process.at(D, member(2));
  const view = await stage.run(blocking.block({ peer: person(1).id, blocked: true }));
  deepEqual([view.blocked, view.version, view.head], [true, 1, 0]);
  equal(await stage.run(outcome(process.write(1, 2, "hello"))), "blocked");
  const none = await stage.run(
    process.at(direct(1, 3), member(3)).block({ peer: person(1).id, blocked: false }),
  );
  deepEqual([none.blocked, none.version], [false, 0]);
  equal(await stage.storage.memberships.count(person(3).id), 0);
});

Deno.test("[J14] people show the name under which they wrote last", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  await stage.run(process.write(1, 2, "hello"));
  const renamed = { ...member(1), user: { ...person(1), name: "New" } } as ReturnType<typeof member>;
  await stage.run(process.at(D, renamed).send({ id: "x", text: "again" }));
  const restarted = await stage.restart(process);
  equal((await stage.run(restarted.at(D, member(2)).open({}))).peer?.name, "New");
  deepEqual((await stage.stored(D)).map(({ sender }) => sender.name), ["User 1", "New"]);
});
