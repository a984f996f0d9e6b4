import { deepEqual, equal, ok } from "node:assert/strict";
import { shardOf } from "actors/runtime/shard.ts";
import { SHARDS } from "storage/storage.ts";
import { ledgerActor, ledgerFactory, linesOf } from "tests/support/ledger_actor.ts";
import { person, ulid, viewer } from "tests/support/room_stage.ts";
import { outcome, RuntimeStage } from "tests/support/runtime_stage.ts";
import { ClusterStage } from "./stage.ts";

const NODES = ["a", "b", "c"];
const KEY = ulid(4_711);

Deno.test("[Y17] a node without the bus for five seconds gives its shards up, others run its rooms, and it comes back", async () => {
  await using stage = await ClusterStage.open(...NODES);
  const room = await stage.roomOf("b", NODES);
  const b = stage.member("b");
  b.bus.disconnect();
  await stage.clock.advance(4_900);
  ok(b.owns(room));
  await stage.clock.advance(200);
  deepEqual([b.owns(room), b.node.ownership.shards.length], [false, 0]);
  await stage.clock.advance(3_000);
  await stage.run(stage.member("a").say(room, viewer(1), "still here"));
  b.bus.reconnect();
  await stage.clock.advance(20_000);
  ok(b.owns(room));
  const { items } = await stage.run(
    stage.member("b").room(room, viewer(1)).messages({ after: 0, limit: 10 }),
  );
  deepEqual(items.map(({ text }) => text), ["still here"]);
});

Deno.test("[Y17] also when it cannot tell the database, once its lease has run out", async () => {
  await using stage = await ClusterStage.open(...NODES);
  const b = stage.member("b");
  b.storage.hold("ownership");
  b.bus.disconnect();
  await stage.clock.advance(5_100);
  equal(b.node.ownership.shards.length, 0);
  await stage.clock.advance(12_500);
  const owners = (await stage.storage.ownership.shards()).map(({ owner }) => owner);
  equal(owners.filter((owner) => owner === "a" || owner === "c").length, SHARDS);
});

Deno.test("[Y18] a node lets go of what the database has given to somebody else, and serves what it has been given", async () => {
  await using stage = await RuntimeStage.open();
  const [a, b] = [stage.make("a"), stage.make("b")];
  for (const node of [a, b]) {
    node.host(ledgerActor, ledgerFactory(stage.storage.rooms));
    await node.start();
  }
  const shard = shardOf("ledger", KEY);
  await a.ref(ledgerActor, KEY).add({ text: "one" });
  // As a release and a claim whose answers came late or never.
  const [ofA, ofB] = await stage.storage.ownership.nodes();
  await stage.storage.ownership.release(ofA!, [shard]);
  await stage.storage.ownership.claim(ofB!, [shard]);
  await stage.clock.advance(6_000);
  const owner = (await stage.storage.ownership.shards())[shard]!;
  deepEqual([a, b].map((node) => node.ownership.epochOf(shard) === owner.epoch), [
    owner.owner === "a",
    owner.owner === "b",
  ]);
  ok(owner.epoch > 1);
  const answers = [a, b].map((node, n) => node.ref(ledgerActor, KEY).add({ text: `then ${n}` }));
  const states = await Promise.all(answers.map((answer) => outcome(answer, stage.clock.advance(1_000))));
  deepEqual(states.filter((state) => typeof state === "string"), []);
  deepEqual((await linesOf(stage.storage.rooms, KEY)).sort(), ["one", "then 0", "then 1"]);
});

Deno.test("[Y19] frames of an owner that has been replaced are dropped by every node", async () => {
  await using stage = await ClusterStage.open(...NODES);
  const room = await stage.roomOf("b", NODES);
  const seated = await stage.run(stage.member("c").join(room, viewer(1)));
  await stage.run(stage.member("b").node.handEverythingOver(10_000));
  await stage.run(stage.member("a").say(room, viewer(2), "from the new owner"));
  const item = { kind: "say", offset: 2, id: ulid(1), user: person(1), text: "zombie", count: 1, at: 1 };
  const frame = { room, epoch: 1, from: 2, to: 2, items: [item] };
  stage.publish(`barrage.v1.evt.room.${room}.frame`, frame, { epoch: "1", from: "2", to: "2", count: "1" });
  await stage.run(stage.member("a").say(room, viewer(2), "and again"));
  deepEqual(seated.texts, ["from the new owner", "and again"]);
  equal(stage.member("c").node.drops.of("frame", "old_epoch"), 1);
});
