import { deepEqual, equal } from "node:assert/strict";
import { ChatCluster } from "tests/support/chat_cluster.ts";
import { person, viewer } from "tests/support/room_stage.ts";
import { directId } from "actors/conversation/conversation_ids.ts";
import { conversationActor } from "actors/conversation/definition.ts";

const NODES = ["a", "b", "c"];
const [ANN, BEN, ZOE] = [1, 2, 3];

function online(user: number, online = true) {
  return { user: person(user).id, online };
}

Deno.test("[J70] whoever asks learns who is online on whichever node, without waiting for one that is silent", async () => {
  await using cluster = await ChatCluster.open(NODES);
  cluster.node("b").device(BEN);
  cluster.node("a").device(ZOE);
  await cluster.clock.advance(100);
  const asked = cluster.clock.monotonic();
  const { found } = await cluster.run(cluster.node("a").watch(ANN, [BEN, ZOE, 4]));
  deepEqual(found, [person(BEN).id, person(ZOE).id]);
  equal(cluster.clock.monotonic() - asked, 0);
  cluster.node("c").road.disconnect();
  const later = await cluster.run(cluster.node("b").watch(ANN, [BEN, ZOE]));
  deepEqual(later.found, [person(BEN).id, person(ZOE).id]);
  equal(cluster.clock.monotonic() - asked <= 250, true);
});

Deno.test("[J71] whoever watches is told when the first socket of somebody comes anywhere, and when the last has gone", async () => {
  await using cluster = await ChatCluster.open(NODES);
  const { told } = await cluster.run(cluster.node("a").watch(ANN, [BEN]));
  const first = cluster.node("b").device(BEN);
  await cluster.clock.advance(10);
  const second = cluster.node("c").device(BEN);
  const third = cluster.node("a").device(BEN);
  await cluster.clock.advance(10);
  deepEqual(told, [online(BEN)]);
  first.leave();
  third.leave();
  await cluster.clock.advance(10);
  deepEqual(told, [online(BEN)]);
  second.leave();
  await cluster.clock.advance(10);
  deepEqual(told, [online(BEN), online(BEN, false)]);
});

Deno.test("[J72] a node that dies takes its users out, and one started anew does not bring them back", async () => {
  await using cluster = await ChatCluster.open(NODES);
  cluster.node("b").device(BEN);
  cluster.node("c").device(ZOE);
  await cluster.clock.advance(100);
  const { told, found } = await cluster.run(cluster.node("a").watch(ANN, [BEN, ZOE]));
  equal(found.length, 2);
  cluster.node("b").kill();
  await cluster.clock.advance(21_000);
  deepEqual(told, [online(BEN, false)]);
  cluster.node("c").kill();
  await cluster.start("c");
  await cluster.clock.advance(100);
  deepEqual(told, [online(BEN, false), online(ZOE, false)]);
});

Deno.test("[J72] what was missed while the bus was gone is asked for", async () => {
  await using cluster = await ChatCluster.open(NODES);
  const { told } = await cluster.run(cluster.node("a").watch(ANN, [BEN]));
  cluster.node("a").road.disconnect();
  cluster.node("b").device(BEN);
  await cluster.clock.advance(100);
  deepEqual(told, []);
  cluster.node("a").road.reconnect();
  await cluster.clock.advance(300);
  deepEqual(told, [online(BEN)]);
});

Deno.test("[J73] whoever shows his presence to nobody, or has blocked the one who asks, looks as if he were not there", async () => {
  await using cluster = await ChatCluster.open(NODES);
  const { node } = cluster.node("a");
  const direct = node.ref(conversationActor, directId(person(BEN).id, person(ANN).id), viewer(BEN));
  await cluster.run(direct.block({ peer: person(ANN).id, blocked: true }));
  const fence = { noun: "account", id: person(ZOE).id, epoch: 1 } as const;
  const hidden = cluster.storage.accounts.update(person(ZOE).id, {
    privacy: { bio: "everyone", presence: "nobody" },
  });
  await cluster.storage.lane.commit(fence, [hidden]);
  for (const user of [BEN, ZOE]) cluster.node("b").device(user);
  await cluster.clock.advance(100);
  const { found, told } = await cluster.run(cluster.node("a").watch(ANN, [BEN, ZOE]));
  deepEqual(found, []);
  cluster.node("c").device(BEN);
  await cluster.clock.advance(100);
  deepEqual(told, []);
  deepEqual((await cluster.run(cluster.node("a").watch(4, [BEN, ZOE]))).found, [person(BEN).id]);
});

Deno.test("[J73] who is blocked while he watches is told of nothing any more", async () => {
  await using cluster = await ChatCluster.open(NODES);
  const device = cluster.node("b").device(BEN);
  await cluster.clock.advance(100);
  const [ann, zoe] = [
    await cluster.run(cluster.node("a").watch(ANN, [BEN])),
    await cluster.run(cluster.node("a").watch(ZOE, [BEN])),
  ];
  cluster.node("b").chat.presence.hide(person(BEN).id, person(ANN).id);
  await cluster.clock.advance(10);
  device.leave();
  cluster.node("c").device(BEN);
  await cluster.clock.advance(10);
  deepEqual(ann.told, [online(BEN, false)]);
  deepEqual(zoe.told, [online(BEN, false), online(BEN)]);
});

Deno.test("[J74] a watch ends after five minutes, with its socket, or with the next one", async () => {
  await using cluster = await ChatCluster.open(NODES);
  const { presence } = cluster.node("a").chat;
  const { watcher } = await cluster.run(cluster.node("a").watch(ANN, [BEN, ZOE]));
  equal(presence.watched, 2);
  await cluster.run(presence.watch(watcher, [person(ZOE).id]));
  equal(presence.watched, 1);
  await cluster.clock.advance(300_000);
  equal(presence.watched, 0);
  await cluster.run(presence.watch(watcher, [person(ZOE).id]));
  presence.leave(watcher);
  equal(presence.watched, 0);
});
