import { deepEqual } from "node:assert/strict";
import { directId } from "actors/conversation/conversation_ids.ts";
import { Sending } from "actors/conversation/definition.ts";
import { ChatCluster } from "tests/support/chat_cluster.ts";
import { person } from "tests/support/room_stage.ts";

const [ANN, BEN, ZOE] = [1, 2, 3];

async function open(limits = {}) {
  const cluster = await ChatCluster.open(["a"], { limits });
  const node = cluster.node("a");
  const seen = await cluster.observe("barrage.v1.evt.conversation.*.typing");
  const type = async (conversation: string, user: number) => {
    await cluster.run(node.at(conversation, user).typing({}));
    await cluster.clock.settle();
    return seen.splice(0).map(({ headers }) => headers["from"]);
  };
  return { cluster, node, type, [Symbol.asyncDispose]: () => cluster[Symbol.asyncDispose]() };
}

Deno.test("[J65] each is shown to write once in three seconds", async () => {
  await using stage = await open();
  const { cluster, type } = stage;
  const group = await cluster.group("a", ["a"], [BEN]);
  deepEqual(await type(group, ANN), [person(ANN).id]);
  deepEqual(await type(group, ANN), []);
  deepEqual(await type(group, BEN), [person(BEN).id]);
  await cluster.clock.advance(3_000);
  deepEqual(await type(group, ANN), [person(ANN).id]);
});

Deno.test("[J65] nobody is shown to write where he may not, nor in a large group", async () => {
  await using stage = await open({ typingMembersMax: 2 });
  const { cluster, node, type } = stage;
  const group = await cluster.group("a", ["a"], [BEN]);
  await cluster.run(node.at(group, ANN).update({ mutedAll: true }));
  deepEqual(await type(group, BEN), []);
  deepEqual(await type(group, ANN), [person(ANN).id]);
  await cluster.run(node.at(group, ANN).update({ mutedAll: false }));
  await cluster.run(node.at(group, ZOE).join({}));
  deepEqual(await type(group, BEN), []);
});

Deno.test("[J65] between two of whom one blocks the other, neither is shown to write", async () => {
  await using stage = await open();
  const { cluster, node, type } = stage;
  const direct = directId(person(ANN).id, person(BEN).id);
  const hello = Sending.parse({ peer: person(BEN).id, id: "hello", text: "hello" });
  await cluster.run(node.at(direct, ANN).send(hello));
  deepEqual(await type(direct, ANN), [person(ANN).id]);
  await cluster.run(node.at(direct, BEN).block({ blocked: true }));
  await cluster.clock.advance(3_000);
  deepEqual(await type(direct, ANN), []);
  deepEqual(await type(direct, BEN), []);
});

Deno.test("[J50] a conversation that comes into memory tells where it stands", async () => {
  await using stage = await open();
  const { cluster, node } = stage;
  const group = await cluster.group("a", ["a"], [BEN]);
  await cluster.run(node.say(group, ANN, "hello"));
  await cluster.run(node.at(group, ANN).read({ seq: 3 }));
  const seen = await cluster.observe(`barrage.v1.evt.conversation.${group}.loaded`);
  node.kill();
  const restarted = await cluster.start("a");
  await cluster.clock.advance(15_000);
  await cluster.run(restarted.at(group, ANN).open({}));
  await cluster.clock.settle();
  const [told] = seen.map(({ data, headers }) => [data.byteLength, headers["version"], headers["previous"]]);
  deepEqual(told, [0, "4", "3"]);
});
