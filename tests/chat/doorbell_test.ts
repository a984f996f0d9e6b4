import { deepEqual, equal } from "node:assert/strict";
import { directId } from "actors/conversation/conversation_ids.ts";
import { conversationActor, Sending } from "actors/conversation/definition.ts";
import { shardOf, wish } from "actors/runtime/shard.ts";
import { ChatCluster, type ChatNode } from "tests/support/chat_cluster.ts";
import { person, viewer } from "tests/support/room_stage.ts";

const NODES = ["a", "b", "c"];
const TAKEOVER_MS = 20_000;

/** Somebody whose conversation with user 1 is a's. */
function peerAt(node: string): number {
  for (let n = 2; n < 9; n++) {
    if (wish(shardOf("conversation", directId(person(1).id, person(n).id)), NODES) === node) return n;
  }
  throw new Error("Cannot find anybody");
}

function write({ node }: ChatNode, peer: number, text: string) {
  const id = directId(person(1).id, person(peer).id);
  const input = Sending.parse({ peer: person(peer).id, id: text, text });
  return node.ref(conversationActor, id, viewer(1)).send(input);
}

Deno.test("[J50] who is written to for the first time is told so though the owner ended before it could tell anybody", async () => {
  await using cluster = await ChatCluster.open(NODES);
  const peer = peerAt("a");
  const conversation = directId(person(1).id, person(peer).id);
  const device = cluster.node("b").device(peer);
  await cluster.clock.advance(1_000);
  cluster.node("a").road.disconnect();
  await cluster.run(write(cluster.node("a"), peer, "unheard"));
  cluster.node("a").kill();
  await cluster.clock.advance(TAKEOVER_MS);
  deepEqual(device.notebook.texts(conversation), []);
  await cluster.run(write(cluster.node("c"), peer, "unheard"));
  await cluster.clock.advance(1_000);
  deepEqual(device.notebook.texts(conversation), ["unheard"]);
});

Deno.test("[J50] who listens to a conversation already is not made to ask when it comes into memory", async () => {
  await using cluster = await ChatCluster.open(NODES);
  const peer = peerAt("a");
  const device = cluster.node("b").device(peer);
  await cluster.run(write(cluster.node("b"), peer, "first"));
  await cluster.clock.advance(1_000);
  const { syncs } = device;
  cluster.node("a").kill();
  await cluster.clock.advance(TAKEOVER_MS);
  const rung = await cluster.observe(`barrage.v1.evt.user.${person(peer).id}.conversation`);
  await cluster.run(write(cluster.node("c"), peer, "second"));
  await cluster.clock.advance(1_000);
  equal(rung.length, 1);
  deepEqual(device.notebook.told.map((message) => message.kind === "sent" && message.text), ["second"]);
  equal(device.syncs, syncs);
});
