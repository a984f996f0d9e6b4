import { deepEqual, equal, rejects } from "node:assert/strict";
import { encodeTime } from "@std/ulid";
import { OWNER, viewer } from "tests/support/room_stage.ts";
import { ClusterStage } from "./stage.ts";

const NODES = ["a", "b", "c"];

Deno.test("[Y20] a room is found on every node from the moment it was made on one", async () => {
  await using stage = await ClusterStage.open(...NODES);
  await stage.clock.advance(70_000);
  for (let n = 0; n < 20; n++) {
    const id = `${encodeTime(stage.clock.now(), 10)}${String(n).padStart(16, "0")}`;
    await stage.run(stage.member(NODES[n % 3]!).room(id, OWNER).create({ title: "New" }));
    const found = await stage.run(
      Promise.all(NODES.map((node) => stage.member(node).room(id, viewer(1)).info({}))),
    );
    deepEqual(found.map(({ title }) => title), ["New", "New", "New"]);
    await stage.clock.advance(700);
  }
});

Deno.test("[Y20] also when the clock of the node that made it is a day behind", async () => {
  await using stage = await ClusterStage.open(...NODES);
  const id = `${encodeTime(stage.clock.now() - 86_400_000, 10)}${"7".repeat(16)}`;
  await stage.run(stage.member("a").room(id, OWNER).create({ title: "Late" }));
  await stage.clock.advance(61_000);
  for (const node of NODES) {
    equal((await stage.run(stage.member(node).room(id, viewer(1)).info({}))).title, "Late");
  }
});

Deno.test("[Y21] ids of hours ago that no room has cost no query and no message, on any node", async () => {
  await using stage = await ClusterStage.open(...NODES);
  const messages = await stage.observe("barrage.v1.act.>");
  const asked = () => NODES.map((node) => stage.member(node).storage.asked("rooms"));
  const before = asked();
  const old = encodeTime(stage.clock.now() - 6 * 3_600_000, 10);
  for (let n = 0; n < 300; n++) {
    const id = `${old}${String(n).padStart(16, "0")}`;
    await rejects(stage.member(NODES[n % 3]!).room(id, viewer(1)).join({}), { reason: "not_found" });
  }
  deepEqual([asked(), messages.length], [before, 0]);
});

Deno.test("[Y22] an ended room refuses those who join on every node, and its history stays readable", async () => {
  await using stage = await ClusterStage.open(...NODES);
  const room = await stage.roomOf("b", NODES);
  await stage.run(stage.member("c").say(room, viewer(1), "last words"));
  await stage.run(stage.member("a").room(room, OWNER).update({ state: "ended" }));
  for (const node of NODES) {
    const member = stage.member(node);
    await rejects(stage.run(member.room(room, viewer(1)).join({})), { reason: "gone" });
    const { items } = await stage.run(member.room(room, viewer(1)).messages({ after: 0, limit: 10 }));
    deepEqual(items.map(({ text }) => text), ["last words"]);
  }
});
