import { deepEqual, equal } from "node:assert/strict";
import { ConversationStage, direct, member, outcome, person } from "tests/support/conversation_stage.ts";

const D = direct(1, 2);

Deno.test("[J110] how far a device has it goes forward only, never past the last message, nor behind what was read", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  for (let n = 0; n < 3; n++) await stage.run(process.write(1, 2, "text"));
  const delivered = async (seq: number) =>
    (await stage.run(process.at(D, member(2)).delivered({ seq }))).deliveredSeq;
  deepEqual([await delivered(1), await delivered(0), await delivered(1)], [1, 1, 1]);
  await stage.run(process.at(D, member(2)).read({ seq: 2 }));
  deepEqual([await delivered(1), await delivered(99), await delivered(3)], [2, 3, 3]);
  await stage.run(process.at(D, member(2)).read({ seq: 3 }));
  const told = (await stage.heard(D)).filter(({ method }) => method === "chat.delivered");
  deepEqual(told.map(({ to, params }) => [to, params["user"], params["deliveredSeq"]]), [
    [undefined, person(2).id, 1],
    [undefined, person(2).id, 3],
  ]);
  const restarted = await stage.restart(process);
  const { deliveredSeq, peerDeliveredSeq, peerReadSeq } = await stage.run(
    restarted.at(D, member(1)).open({}),
  );
  deepEqual([deliveredSeq, peerDeliveredSeq, peerReadSeq], [0, 3, 3]);
});

Deno.test("[J110] many who say at once how far they have it cost one commit, and in a group it is forbidden", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const group = await stage.run(process.found([2]));
  for (let n = 0; n < 3; n++) await stage.run(process.write(1, 2, "text"));
  equal(await stage.run(outcome(process.at(group, member(2)).delivered({ seq: 1 }))), "forbidden");
  const before = process.storage.asked("lane");
  const saying = [1, 3, 2, 1].map((seq, n) => process.at(D, member(n === 3 ? 1 : 2)).delivered({ seq }));
  const cursors = await stage.run(Promise.all(saying));
  deepEqual(cursors.map(({ user, deliveredSeq }) => [user, deliveredSeq]), [
    ...[1, 2, 3].map(() => [person(2).id, 3]),
    [person(1).id, 1],
  ]);
  equal(process.storage.asked("lane") - before, 1);
});

Deno.test("[J111] the other one who missed it has it by his next sync", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const { seq } = await stage.run(process.write(1, 2, "text"));
  const { version } = await stage.run(process.at(D, member(1)).open({}));
  await stage.run(process.at(D, member(2)).delivered({ seq }));
  const [membership] = await stage.storage.memberships.ofUser(person(1).id, { limit: 9 });
  equal(membership?.version, version + 1);
  const { delta } = await stage.run(process.at(D, member(1)).since({ version, limit: 9 }));
  deepEqual([delta.messages, delta.version], [[], version + 1]);
  equal(delta.state === "member" && delta.conversation.peerDeliveredSeq, seq);
});

Deno.test("[J111] of who has blocked the other one nothing is shown, not even to those who listen", async () => {
  const { stage, process } = await ConversationStage.withProcess();
  await using _ = stage;
  const { seq } = await stage.run(process.write(1, 2, "text"));
  await stage.run(process.at(D, member(2)).block({ blocked: true }));
  await stage.run(process.at(D, member(2)).delivered({ seq }));
  const { peerDeliveredSeq, peerReadSeq } = await stage.run(process.at(D, member(1)).open({}));
  deepEqual([peerDeliveredSeq, peerReadSeq], [undefined, undefined]);
  deepEqual((await stage.heard(D)).at(-1)?.to, [person(2).id]);
});
