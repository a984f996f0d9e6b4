import { deepEqual, equal } from "node:assert/strict";
import { directId } from "actors/conversation/conversation_ids.ts";
import { conversationActor, Sending } from "actors/conversation/definition.ts";
import type { Privacy } from "protocol/accounts.ts";
import { ChatCluster, type ChatNode } from "tests/support/chat_cluster.ts";
import { person, viewer } from "tests/support/room_stage.ts";

const [ANN, BEN, ZOE] = [1, 2, 3];
const MINUTE = 60_000;

function direct(one: number, other: number): string {
  return directId(person(one).id, person(other).id);
}

async function show(cluster: ChatCluster, user: number, privacy: Partial<Privacy>): Promise<void> {
  const fence = { noun: "account", id: person(user).id, epoch: 1 } as const;
  const whole = { bio: "everyone", presence: "everyone", ...privacy } as const;
  await cluster.storage.lane.commit(fence, [cluster.storage.accounts.update(fence.id, { privacy: whole })]);
}

async function write(cluster: ChatCluster, node: ChatNode, from: number, to: number): Promise<void> {
  const input = Sending.parse({ peer: person(to).id, id: `${from}`, text: "hello" });
  await cluster.run(node.at(direct(from, to), from).send(input));
}

/** Comes, stays for so long, and goes. */
async function visit(cluster: ChatCluster, node: ChatNode, user: number, ms = 1_000): Promise<number> {
  const device = node.device(user);
  await cluster.clock.advance(ms);
  device.leave();
  const at = cluster.clock.now();
  await cluster.clock.advance(10);
  return at - at % MINUTE;
}

async function seen(cluster: ChatCluster, node: ChatNode, by: number, users: readonly number[]) {
  const { lastSeen } = await cluster.run(node.watch(by, users));
  return lastSeen;
}

Deno.test("[J140] whoever asks, on whichever node, learns when somebody who is gone was there last, to the minute", async () => {
  await using cluster = await ChatCluster.open(["a", "b"]);
  const [a, b] = [cluster.node("a"), cluster.node("b")];
  deepEqual(await seen(cluster, a, ANN, [BEN]), [undefined]);
  const { told, toldLastSeen } = await cluster.run(a.watch(ANN, [BEN]));
  const at = await visit(cluster, b, BEN, 90_000);
  deepEqual(told.map(({ online }) => online), [true, false]);
  deepEqual(toldLastSeen, [undefined, at]);
  await cluster.clock.advance(11_000);
  deepEqual(await seen(cluster, a, ANN, [BEN, ZOE]), [at, undefined]);
  b.device(BEN);
  await cluster.clock.advance(100);
  deepEqual(await seen(cluster, a, ANN, [BEN]), [undefined]);
});

Deno.test("[J140] it is written for all together, every ten seconds at most", async () => {
  await using cluster = await ChatCluster.open(["a"]);
  const { clock, storage } = cluster;
  const written: number[] = [];
  const { put } = storage.lastSeen;
  storage.lastSeen.put = (rows) => {
    written.push(rows.length);
    return put.call(storage.lastSeen, rows);
  };
  const node = await cluster.start("b");
  for (let n = 0; n < 50; n++) await visit(cluster, node, [ANN, BEN, ZOE][n % 3]!, 100);
  await clock.advance(10_000);
  deepEqual(written, [3]);
  await clock.advance(60_000);
  equal(written.length, 1, "nothing has happened, and something was written");
});

Deno.test("[J140] what was written is known after a kill, also of those who stayed; a stop forgets nothing", async () => {
  await using cluster = await ChatCluster.open(["a"]);
  const [first, begin] = [cluster.node("a"), cluster.clock.now()];
  first.device(BEN);
  const early = await visit(cluster, first, ZOE);
  await cluster.clock.advance(61 * MINUTE);
  first.kill();
  const second = await cluster.start("a");
  await cluster.clock.advance(30_000);
  const [ben, zoe] = await seen(cluster, second, ANN, [BEN, ZOE]);
  equal(zoe, early);
  equal(ben, begin + 60 * MINUTE);
  const late = cluster.clock.now();
  second.device(ZOE);
  await cluster.run(second.close());
  second.kill();
  const third = await cluster.start("a");
  await cluster.clock.advance(30_000);
  deepEqual(await seen(cluster, third, ANN, [ZOE]), [late - late % MINUTE]);
});

Deno.test("[J141] it is shown to everyone, to those the user has written to, or to nobody", async () => {
  await using cluster = await ChatCluster.open(["a"]);
  const node = cluster.node("a");
  const at = await visit(cluster, node, BEN);
  deepEqual(await seen(cluster, node, ANN, [BEN]), [at]);
  await show(cluster, BEN, { lastSeen: "contacts" });
  deepEqual(await seen(cluster, node, ANN, [BEN]), [undefined]);
  await write(cluster, node, ANN, BEN);
  deepEqual(
    await seen(cluster, node, ANN, [BEN]),
    [undefined],
    "who writes to somebody is no contact of his yet",
  );
  await write(cluster, node, BEN, ANN);
  deepEqual(await seen(cluster, node, ANN, [BEN]), [at]);
  deepEqual(await seen(cluster, node, ZOE, [BEN]), [undefined]);
  await show(cluster, BEN, { lastSeen: "nobody" });
  deepEqual(await seen(cluster, node, ANN, [BEN]), [undefined]);
  await show(cluster, BEN, { presence: "nobody" });
  deepEqual(await seen(cluster, node, ANN, [BEN]), [undefined]);
});

Deno.test("[J141] nobody learns it of one to whom he would not show his own", async () => {
  await using cluster = await ChatCluster.open(["a"]);
  const node = cluster.node("a");
  const at = await visit(cluster, node, BEN);
  await write(cluster, node, BEN, ANN);
  for (const privacy of [{ lastSeen: "nobody" }, { presence: "nobody" }, { lastSeen: "contacts" }] as const) {
    await show(cluster, ANN, privacy);
    deepEqual(await seen(cluster, node, ANN, [BEN]), [undefined]);
    const { toldLastSeen } = await cluster.run(node.watch(ANN, [BEN]));
    await visit(cluster, node, BEN);
    deepEqual(toldLastSeen, [undefined, undefined]);
  }
  await write(cluster, node, ANN, BEN);
  deepEqual(await seen(cluster, node, ANN, [BEN]), [at]);
});

Deno.test("[J141] between two of whom one blocks the other neither learns it, and no watch goes on", async () => {
  await using cluster = await ChatCluster.open(["a"]);
  const node = cluster.node("a");
  const at = await visit(cluster, node, BEN);
  const annAt = await visit(cluster, node, ANN);
  const { told, toldLastSeen } = await cluster.run(node.watch(ANN, [BEN]));
  const ref = node.node.ref(conversationActor, direct(ANN, BEN), viewer(BEN));
  await cluster.run(ref.block({ peer: person(ANN).id, blocked: true }));
  node.chat.presence.hide(person(BEN).id, person(ANN).id);
  await cluster.clock.advance(10);
  await visit(cluster, node, BEN);
  deepEqual([told, toldLastSeen], [[], []]);
  deepEqual(await seen(cluster, node, ANN, [BEN]), [undefined]);
  deepEqual(await seen(cluster, node, BEN, [ANN]), [undefined]);
  deepEqual(await seen(cluster, node, ZOE, [BEN, ANN]), [at, annAt]);
});
