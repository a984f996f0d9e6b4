import { deepEqual, equal } from "node:assert/strict";
import { json } from "protocol/json.ts";
import type { NoticeForm } from "routes/gateway/chat/chat_event.ts";
import { ChannelStage, CONVERSATION, Listener } from "tests/support/channel_stage.ts";
import { ulid } from "tests/support/room_stage.ts";

/** Answers when told to. */
function held(version: number, ...users: number[]) {
  const { promise, resolve } = Promise.withResolvers<{ version: number; members: readonly string[] }>();
  return { answer: () => promise, release: () => resolve({ version, members: users.map(ulid) }) };
}

Deno.test("[J61] what is published between the question and its answer follows the answer, once", async () => {
  await using stage = new ChannelStage();
  const { listener, place } = await stage.enter(1);
  stage.publish(4);
  stage.publish(5);
  stage.publish(6);
  await stage.settle();
  deepEqual(listener.heard, []);
  place.begin(5);
  stage.publish(7);
  await stage.settle();
  deepEqual(listener.heard, [6, 7]);
});

Deno.test("[J61] those who are live already are not told again what was kept for a newcomer", async () => {
  await using stage = new ChannelStage();
  const first = await stage.join(1, 3);
  const { listener, place } = await stage.enter(2);
  stage.publish(4);
  stage.publish(5);
  await stage.settle();
  place.begin(3);
  await stage.settle();
  deepEqual(first.heard, [4, 5]);
  deepEqual(listener.heard, [4, 5]);
});

Deno.test("[J61] whoever leaves while joining is told nothing, and the last one ends the channel", async () => {
  await using stage = new ChannelStage();
  const { listener, place } = await stage.enter(1);
  stage.publish(4);
  await stage.settle();
  place.leave();
  place.begin(3);
  deepEqual(listener.heard, []);
  equal(stage.emptied, 1);
});

Deno.test("[J62] whoever misses a change is told to sync, and nothing after the hole", async () => {
  await using stage = new ChannelStage();
  const lost = await stage.join(1, 3);
  const ahead = await stage.join(2, 6);
  stage.publish(4);
  stage.publish(7, { previous: 6 });
  stage.publish(8);
  await stage.settle();
  deepEqual(lost.heard, [4, "stale"]);
  deepEqual(ahead.heard, [7, 8]);
  equal(stage.drops.of("chat", "lost_on_bus"), 1);
  const again = await stage.join(1, 8, lost);
  stage.publish(9);
  await stage.settle();
  deepEqual(again.heard, [4, "stale", 9]);
});

Deno.test("[J62] a conversation that says where it stands shows who has missed its last change", async () => {
  await using stage = new ChannelStage();
  stage.membersAmong = (users) => Promise.resolve({ version: 9, members: users });
  const behind = await stage.join(1, 7);
  const whole = await stage.join(2, 8);
  stage.loaded(9, 8);
  stage.publish(10, { previous: 8, members: 9, epoch: 2 });
  await stage.settle();
  deepEqual(behind.heard, ["stale"]);
  deepEqual(whole.heard, [10]);
});

Deno.test("[J62] a change heard twice, and one of an older owner, are told once", async () => {
  await using stage = new ChannelStage();
  const listener = await stage.join(1, 3);
  stage.publish(4);
  stage.publish(4);
  stage.publish(5, { epoch: 2 });
  stage.publish(6, { epoch: 1 });
  await stage.settle();
  deepEqual(listener.heard, [4, 5]);
  equal(stage.drops.of("chat", "old_epoch"), 1);
});

Deno.test("[J63] a change for some is told to their sockets alone, and nobody misses it", async () => {
  await using stage = new ChannelStage();
  const [one, other] = [await stage.join(1, 3), await stage.join(2, 3)];
  stage.publish(4, { previous: 3, to: [1] });
  stage.publish(5, { previous: 3 });
  await stage.settle();
  deepEqual(one.heard, [4, 5]);
  deepEqual(other.heard, [5]);
});

Deno.test("[J64] whoever is removed is told so and nothing after it, and what came meanwhile waits in order", async () => {
  await using stage = new ChannelStage();
  const asked = held(5, 2);
  stage.membersAmong = asked.answer;
  const [removed, stays] = [await stage.join(1, 3), await stage.join(2, 3)];
  stage.publish(4);
  stage.publish(5, { members: 5 });
  stage.publish(6, { members: 5 });
  stage.publish(7, { members: 5 });
  await stage.settle();
  deepEqual(removed.heard, [4, 5]);
  deepEqual(stays.heard, [4, 5]);
  asked.release();
  await stage.settle();
  deepEqual(removed.heard, [4, 5, "stale"]);
  deepEqual(stays.heard, [4, 5, 6, 7]);
  equal(stage.asked, 1);
});

Deno.test("[J64] when the very removal was lost, nothing after it is shown to who was removed", async () => {
  await using stage = new ChannelStage();
  const removed = await stage.join(1, 3);
  stage.publish(6, { previous: 5, members: 5 });
  stage.membersAmong = () => Promise.resolve({ version: 5, members: [] });
  await stage.settle();
  deepEqual(removed.heard, ["stale"]);

  // A coming by which nobody goes is for those who were there before it: he was not.
  await using other = new ChannelStage();
  other.membersAmong = () => Promise.resolve({ version: 6, members: [ulid(2)] });
  const gone = await other.join(1, 3);
  const whole = await other.join(2, 5);
  other.publish(6, { previous: 5, members: 6 });
  await other.settle();
  deepEqual([gone.heard, whole.heard], [["stale"], [6]]);
});

Deno.test("[J64] a change after a going that nobody was told of waits until it is known who is left", async () => {
  await using stage = new ChannelStage();
  const [gone, stays] = [await stage.join(1, 3), await stage.join(2, 3)];
  stage.membersAmong = () => Promise.resolve({ version: 4, members: [ulid(2)] });
  stage.publish(5, { previous: 3, members: 4 });
  await stage.settle();
  deepEqual([gone.heard, stays.heard], [["stale"], [5]]);
});

Deno.test("[J64] that one socket's user was a member lately says nothing of another's", async () => {
  await using stage = new ChannelStage();
  const [stays, gone] = [await stage.join(1, 9), await stage.join(2, 3)];
  stage.membersAmong = () => Promise.resolve({ version: 5, members: [ulid(1)] });
  stage.publish(10, { previous: 3, members: 5 });
  await stage.settle();
  deepEqual([stays.heard, gone.heard], [[10], ["stale"]]);
});

Deno.test("[J64] whoever goes live while the members are asked for gets what waits, in order", async () => {
  await using stage = new ChannelStage();
  const asked = held(5, 1);
  stage.membersAmong = asked.answer;
  await stage.join(1, 3);
  const { listener, place } = await stage.enter(2);
  stage.publish(4);
  stage.publish(5, { members: 5 });
  stage.publish(6, { members: 5 });
  await stage.settle();
  place.begin(3);
  stage.membersAmong = () => Promise.resolve({ version: 5, members: [ulid(1), ulid(2)] });
  asked.release();
  await stage.settle();
  deepEqual(listener.heard, [4, 5, 6]);
});

Deno.test("[J64] when the members cannot be asked for, or too much waits, all are told to sync", async () => {
  await using stage = new ChannelStage();
  const [one, other] = [await stage.join(1, 3), await stage.join(2, 3)];
  stage.membersAmong = () => Promise.reject(new Error("down"));
  stage.publish(4, { members: 4 });
  await stage.settle();
  deepEqual([one.heard, other.heard], [[4, "stale"], [4, "stale"]]);
  equal(stage.emptied, 1);

  await using full = new ChannelStage();
  full.membersAmong = () => new Promise(() => {});
  const third = await full.join(3, 3);
  for (let version = 4; version <= 300; version++) full.publish(version, { members: 4 });
  await full.settle();
  deepEqual(third.heard, [4, "stale"]);
  equal(full.drops.of("chat", "waiting_overflow"), 1);
});

Deno.test("[J65] who is writing is shown to the others who are live, and to nobody while it is open who is a member", async () => {
  await using stage = new ChannelStage();
  const [one, other] = [await stage.join(1, 3), await stage.join(2, 3)];
  const { listener: joining } = await stage.enter(3);
  stage.typing(1);
  await stage.settle();
  deepEqual([one.heard, other.heard, joining.heard], [[], ["chat.typing"], []]);
  stage.typing(1, 9);
  await stage.settle();
  deepEqual(other.heard, ["chat.typing"]);
  equal(stage.drops.of("chat", "passing"), 1);
});

Deno.test("[J66] a change is encoded once per codec for all sockets of a node, and its body is not read for that", async () => {
  await using stage = new ChannelStage();
  let encoded = 0;
  const counting: NoticeForm = {
    wrapNotification(method, params) {
      encoded++;
      return json.wrapNotification(method, params);
    },
  };
  const listeners = await Promise.all(
    Array.from({ length: 50 }, (_, n) => stage.join(n, 3, new Listener(n, counting))),
  );
  stage.publish(4);
  await stage.settle();
  equal(encoded, 1);
  for (const { told } of listeners) {
    deepEqual(told, [{
      jsonrpc: "2.0",
      method: "chat.message",
      params: { conversation: CONVERSATION, version: 4 },
    }]);
  }
});
