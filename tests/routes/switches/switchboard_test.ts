import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { SWITCHES } from "protocol/switches.ts";
import { POLL_MS, SwitchStage } from "tests/support/switch_stage.ts";

Deno.test("[SW2] a switch counts where it is set at once, and at other nodes by its event, without a query", async () => {
  await using stage = await SwitchStage.open();
  const [one, other] = [await stage.start(), await stage.start()];
  const asked = other.storage.asked("switches");
  await one.turn("read-only", true);
  for (const { board } of [one, other]) {
    deepEqual(board.on, ["read-only"]);
    equal(board.isOn("read-only"), true);
    equal(board.setting("read-only")?.by, "olga");
  }
  await other.turn("read-only", false);
  for (const { board } of [one, other]) {
    deepEqual([board.on, board.any, board.setting("read-only")], [[], false, undefined]);
  }
  equal(other.storage.asked("switches"), asked + 1);
});

Deno.test("[SW2] a lost event costs no more than the time until the next look", async () => {
  await using stage = await SwitchStage.open();
  const { board } = await stage.start();
  await stage.turn("shed-low", true);
  await stage.clock.advance(POLL_MS - 1);
  deepEqual(board.on, []);
  await stage.clock.advance(1);
  deepEqual(board.on, ["shed-low"]);
});

Deno.test("[SW2] a node whose bus was gone looks as soon as it is back", async () => {
  await using stage = await SwitchStage.open();
  const [one, other] = [await stage.start(), await stage.start()];
  other.bus.disconnect();
  await one.turn("read-only", true);
  deepEqual(other.board.on, []);
  other.bus.reconnect();
  await stage.clock.settle();
  deepEqual(other.board.on, ["read-only"]);
});

Deno.test("[SW3] a node that starts knows what is set, or does not start", async () => {
  await using stage = await SwitchStage.open();
  await stage.turn("shed-ai", true);
  await stage.turn("read-only", true);
  await stage.turn("read-only", false);
  deepEqual((await stage.start()).board.on, ["shed-ai"]);
  stage.database.switches.all = () => Promise.reject(new Error("gone"));
  await rejects(stage.start(), /gone/);
});

Deno.test("[SW4] the later change counts, in whatever order nodes hear of both", async () => {
  await using stage = await SwitchStage.open();
  const { board } = await stage.start();
  const set = await stage.database.switches.put({ name: "read-only", on: true, by: "a" }, stage.line("x"));
  const cleared = await stage.database.switches.put(
    { name: "read-only", on: false, by: "b" },
    stage.line("x"),
  );
  await stage.publish(JSON.stringify(cleared));
  await stage.publish(JSON.stringify(set));
  deepEqual(board.on, []);
  await stage.publish(JSON.stringify({ ...set, version: 3 }));
  deepEqual(board.on, ["read-only"]);
});

Deno.test("[SW5] a switch for a time goes off on all nodes when that is over, whatever their clocks say", async () => {
  await using stage = await SwitchStage.open();
  const one = await stage.start();
  const missed = await stage.start();
  missed.bus.disconnect();
  await one.turn("shed-guests", true, 10_000);
  await stage.clock.advance(5_000);
  const late = await stage.start();
  stage.clock.skew = 3_600_000;
  deepEqual(one.board.setting("shed-guests")?.leftMs, 5_000);
  await stage.clock.advance(4_999);
  for (const { board } of [one, missed, late]) deepEqual(board.on, ["shed-guests"]);
  await stage.clock.advance(10);
  for (const { board } of [one, missed, late]) {
    deepEqual([board.on, board.setting("shed-guests")], [[], undefined]);
  }
});

Deno.test("[SW5] a switch that is over stays off for who starts later, and can be set anew", async () => {
  await using stage = await SwitchStage.open();
  const one = await stage.start();
  await one.turn("shed-guests", true, 1_000);
  await stage.clock.advance(2_000);
  const late = await stage.start();
  deepEqual(late.board.on, []);
  await late.turn("shed-guests", true);
  await stage.clock.advance(60_000);
  for (const { board } of [one, late]) deepEqual(board.on, ["shed-guests"]);
});

Deno.test("[SW5] a switch for a month, which no timer takes, ends in time", async () => {
  await using stage = await SwitchStage.open();
  const { board, turn } = await stage.start(5 * 86_400_000);
  const after = stage.clock.after.bind(stage.clock);
  stage.clock.after = (ms, callback) => {
    ok(ms < 2 ** 31, "a real timer would fire at once");
    return after(ms, callback);
  };
  await turn("shed-ai", true, 31 * 86_400_000);
  await stage.clock.advance(30 * 86_400_000);
  deepEqual(board.on, ["shed-ai"]);
  await stage.clock.advance(86_400_010);
  deepEqual(board.on, []);
});

Deno.test("[SW6] what is known holds to its end while the database cannot be asked, and it is asked again", async () => {
  await using stage = await SwitchStage.open();
  const { board, turn, storage } = await stage.start();
  await turn("read-only", true);
  await turn("shed-low", true, 7_000);
  const { all } = stage.database.switches;
  stage.database.switches.all = () => Promise.reject(new Error("gone"));
  await stage.turn("shed-ai", true);
  await stage.clock.advance(POLL_MS * 2);
  deepEqual(board.on, ["read-only", "shed-low"]);
  await stage.clock.advance(POLL_MS);
  deepEqual(board.on, ["read-only"]);
  stage.database.switches.all = all.bind(stage.database.switches);
  const asked = storage.asked("switches");
  await stage.clock.advance(POLL_MS);
  deepEqual(board.on, ["read-only", "shed-ai"]);
  equal(storage.asked("switches"), asked + 1);
});

Deno.test("[SW6] a database that hangs is not asked by more than two at a time", async () => {
  await using stage = await SwitchStage.open();
  const { board, storage } = await stage.start();
  const release = storage.hold("switches");
  const asked = storage.asked("switches");
  await stage.turn("shed-ai", true);
  await stage.clock.advance(POLL_MS * 100);
  equal(storage.asked("switches"), asked + 1);
  release();
  await stage.clock.settle();
  deepEqual(board.on, ["shed-ai"]);
  equal(storage.asked("switches"), asked + 2);
});

Deno.test("[SW6] an event that cannot be read is counted, and the database asked at once", async () => {
  await using stage = await SwitchStage.open();
  const { board, drops } = await stage.start();
  await stage.turn("read-only", true);
  await stage.publish(`{"name": "everything"}`);
  deepEqual(board.on, ["read-only"]);
  equal(drops.of("switches", "parse"), 1);
});

Deno.test("[SW23] a switch is on while an operator or the load keeps it on", async () => {
  await using stage = await SwitchStage.open();
  const { board, turn } = await stage.start();
  board.setLoad(["serve-stale", "shed-guests"]);
  await turn("shed-guests", true);
  await turn("shed-guests", false);
  deepEqual(board.on, ["serve-stale", "shed-guests"]);
  equal(board.isOnByLoad("shed-guests"), true);
  await turn("shed-guests", true);
  board.setLoad([]);
  deepEqual(board.on, ["shed-guests"]);
  equal(board.isOnByLoad("shed-guests"), false);
  await turn("shed-guests", false);
  deepEqual(board.on, []);
});

Deno.test("[SW25] what goes on or off is counted once, also when it is set twice", async () => {
  await using stage = await SwitchStage.open();
  const { board, turn } = await stage.start();
  await turn("read-only", true);
  await turn("read-only", true);
  board.setLoad(["serve-stale"]);
  await turn("read-only", false);
  deepEqual(SWITCHES.map((name) => board.changes(name)), [1, 2, 0, 0, 0, 0]);
  ok(board.any);
});
