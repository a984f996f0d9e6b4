import { deepEqual, equal, ok } from "node:assert/strict";
import { viewer } from "tests/support/room_stage.ts";
import { ClusterStage, type Seated } from "./stage.ts";

const NODES = ["a", "b", "c"];

Deno.test("[Y10] viewers of one room on every node see the same frames", async () => {
  await using stage = await ClusterStage.open(...NODES);
  const room = await stage.roomOf("b", NODES);
  const seats: Seated[] = [];
  for (const [n, id] of NODES.entries()) seats.push(await stage.run(stage.member(id).join(room, viewer(n))));
  for (let n = 0; n < 30; n++) {
    stage.member(NODES[n % 3]!).say(room, viewer(n % 3), `said ${n}`);
    await stage.clock.advance(37);
  }
  await stage.clock.advance(2_000);
  const shown = seats.map(({ viewer }) => viewer.sent);
  deepEqual(shown[1], shown[0]);
  deepEqual(shown[2], shown[0]);
  deepEqual([...seats[0]!.texts].sort(), Array.from({ length: 30 }, (_, n) => `said ${n}`).sort());
});

Deno.test("[Y11] a tick is one message on the bus, whatever the number of viewers and of nodes with viewers", async () => {
  const counts: number[] = [];
  for (const viewers of [1, 60]) {
    await using stage = await ClusterStage.open(...NODES);
    const room = await stage.roomOf("b", NODES);
    for (let n = 0; n < viewers; n++) {
      await stage.run(stage.member(NODES[n % 3]!).join(room, viewer(n)));
    }
    await stage.clock.advance(3_000);
    const frames = await stage.observe(`barrage.v1.evt.room.${room}.frame`);
    for (let n = 0; n < 50; n++) {
      stage.member("a").say(room, viewer(n), `said ${n}`);
      await stage.clock.advance(20);
    }
    await stage.clock.advance(200);
    counts.push(frames.length);
  }
  equal(counts[0], counts[1]);
  ok(counts[0]! <= 12, `${counts[0]} frames in one second of 100 ms ticks`);
});

Deno.test("[Y12] a command to an actor on the same node sends nothing over the bus", async () => {
  await using stage = await ClusterStage.open(...NODES);
  const room = await stage.roomOf("b", NODES);
  const commands = await stage.observe("barrage.v1.act.>");
  await stage.run(stage.member("b").say(room, viewer(1), "here"));
  equal(commands.length, 0);
  await stage.run(stage.member("c").say(room, viewer(2), "from elsewhere"));
  equal(commands.length, 1);
});

Deno.test("[Y13] the online count is gathered from all nodes within a second, and so lists of rooms show it", async () => {
  await using stage = await ClusterStage.open(...NODES);
  const room = await stage.roomOf("b", NODES);
  const seats: Seated[] = [];
  for (let n = 0; n < 9; n++) {
    seats.push(await stage.run(stage.member(NODES[n % 3]!).join(room, viewer(n))));
  }
  await stage.clock.advance(1_200);
  const online = async () => (await stage.run(stage.member("a").room(room, viewer(1)).info({}))).online;
  const listed = () => NODES.map((id) => stage.member(id).directory.onlineOf(room));
  equal(await online(), 9);
  deepEqual(listed(), [9, 9, 9]);
  for (const { seat } of seats.slice(0, 4)) seat.leave();
  await stage.clock.advance(1_200);
  equal(await online(), 5);
  deepEqual(listed(), [5, 5, 5]);
});

Deno.test("[Y13] after its owner was killed or has drained, a room counts all its viewers again within two seconds", async () => {
  for (const end of ["drain", "kill"] as const) {
    await using stage = await ClusterStage.open(...NODES);
    const room = await stage.roomOf("b", NODES);
    for (let n = 0; n < 6; n++) await stage.run(stage.member(n % 2 === 0 ? "a" : "c").join(room, viewer(n)));
    await stage.clock.advance(1_200);
    if (end === "kill") stage.member("b").kill();
    else await stage.run(stage.member("b").node.handEverythingOver(10_000));
    // The first to ask wakes the room on its new owner.
    const info = () => stage.member("a").room(room, viewer(1)).info({}, { timeoutMs: 20_000 });
    await stage.run(info());
    await stage.clock.advance(2_000);
    equal((await stage.run(info())).online, 6, end);
    deepEqual(["a", "c"].map((id) => stage.member(id).directory.onlineOf(room)), [6, 6], end);
  }
});
