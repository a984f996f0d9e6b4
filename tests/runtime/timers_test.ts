import assert from "node:assert/strict";
import type { ActorNode } from "actors/runtime/node.ts";
import { shardOf } from "actors/runtime/shard.ts";
import type { TimerRecord } from "storage/storage.ts";
import { ledgerActor, ledgerFactory, type LedgerWatch, linesOf } from "tests/support/ledger_actor.ts";
import { RuntimeStage } from "tests/support/runtime_stage.ts";

const KEY = "01JD3Y4B6V8Q2Z5K7M9N0P1R2T";

async function start(stage: RuntimeStage, watch: LedgerWatch = {}): Promise<ActorNode> {
  const node = stage.make();
  node.host(ledgerActor, ledgerFactory(stage.storage.rooms, watch));
  await node.start();
  return node;
}

async function waiting(stage: RuntimeStage): Promise<TimerRecord[]> {
  return (await stage.storage.timers.due([shardOf("ledger", KEY)], Number.MAX_SAFE_INTEGER, 100)).timers;
}

Deno.test("[T1] a durable timer comes as a command when it is due, not before", async () => {
  await using stage = await RuntimeStage.open();
  const node = await start(stage);
  await node.ref(ledgerActor, KEY).arm({ name: "t", dueAt: stage.clock.now() + 60_000, text: "rang" });
  await stage.clock.advance(59_900);
  assert.deepEqual(await linesOf(stage.storage.rooms, KEY), []);
  await stage.clock.advance(200);
  assert.deepEqual(await linesOf(stage.storage.rooms, KEY), ["rang"]);
  assert.deepEqual(await waiting(stage), []);
});

Deno.test("[T1] a timer survives the death of its node and wakes an actor that is not in memory", async () => {
  await using stage = await RuntimeStage.open();
  const node = await start(stage);
  await node.ref(ledgerActor, KEY).arm({ name: "t", dueAt: stage.clock.now() + 5_000, text: "rang" });
  stage.kill(node);
  await stage.clock.advance(60_000);
  assert.deepEqual(await linesOf(stage.storage.rooms, KEY), []);
  await start(stage);
  await stage.clock.advance(100);
  assert.deepEqual(await linesOf(stage.storage.rooms, KEY), ["rang"]);
});

Deno.test("[T2] a timer is delivered again until its actor has answered, and a second delivery changes nothing", async () => {
  await using stage = await RuntimeStage.open();
  const seen: string[] = [];
  const node = await start(stage, { silent: (text) => void seen.push(text) });
  stage.storage.timers.finish = () => Promise.reject(new Error("database away"));
  await node.ref(ledgerActor, KEY).arm({ name: "t", dueAt: stage.clock.now(), text: "silent" });
  await stage.clock.advance(20_000);
  assert.deepEqual(seen, ["silent"]);
  assert.equal((await waiting(stage)).length, 1);
  Reflect.deleteProperty(stage.storage.timers, "finish");
  await stage.clock.advance(70_000);
  assert.deepEqual([seen, await waiting(stage)], [["silent"], []]);
});

Deno.test("[T3] a timer goes with the commit of the turn it caused: a crash after it rings no second time", async () => {
  await using stage = await RuntimeStage.open();
  const node = await start(stage);
  stage.storage.timers.finish = () => Promise.reject(new Error("the node dies here"));
  await node.ref(ledgerActor, KEY).arm({ name: "t", dueAt: stage.clock.now() + 10, text: "rang" });
  await stage.clock.advance(20);
  assert.deepEqual(await linesOf(stage.storage.rooms, KEY), ["rang"]);
  stage.kill(node);
  Reflect.deleteProperty(stage.storage.timers, "finish");
  await start(stage);
  await stage.clock.advance(10_000);
  assert.deepEqual(await linesOf(stage.storage.rooms, KEY), ["rang"]);
});

Deno.test("[T4] setting a timer again replaces it, and a cancelled one does not ring", async () => {
  await using stage = await RuntimeStage.open();
  const node = await start(stage);
  const ref = node.ref(ledgerActor, KEY);
  const now = stage.clock.now();
  await ref.arm({ name: "t", dueAt: now + 1_000, text: "first" });
  await ref.arm({ name: "t", dueAt: now + 3_000, text: "second" });
  await ref.arm({ name: "u", dueAt: now + 2_000, text: "cancelled" });
  await ref.disarm({ name: "u" });
  await stage.clock.advance(2_500);
  assert.deepEqual(await linesOf(stage.storage.rooms, KEY), []);
  await stage.clock.advance(1_000);
  assert.deepEqual(await linesOf(stage.storage.rooms, KEY), ["second"]);
});

Deno.test("[T6] there is no shortest period: a timer due now rings now", async () => {
  await using stage = await RuntimeStage.open();
  const node = await start(stage);
  await node.ref(ledgerActor, KEY).arm({ name: "t", dueAt: stage.clock.now(), text: "now" });
  await stage.clock.advance(2);
  assert.deepEqual(await linesOf(stage.storage.rooms, KEY), ["now"]);
});

Deno.test("[T5] a timer whose actor fails is tried again after a growing pause", async () => {
  await using stage = await RuntimeStage.open();
  const at: number[] = [];
  const node = await start(stage, {
    silent: () => {
      at.push(stage.clock.monotonic());
      if (at.length < 4) throw new Error("not yet");
    },
  });
  await node.ref(ledgerActor, KEY).arm({ name: "t", dueAt: stage.clock.now(), text: "silent" });
  await stage.clock.advance(60_000);
  assert.equal(at.length, 4);
  const pauses = at.slice(1).map((time, n) => time - at[n]!);
  assert.ok(pauses[2]! > pauses[0]!, `pauses: ${pauses}`);
  assert.deepEqual(await waiting(stage), []);
});

Deno.test("[T7] a timer that can never be understood is given up and counted", async () => {
  await using stage = await RuntimeStage.open();
  const node = await start(stage);
  await node.ref(ledgerActor, KEY).add({ text: "exists" });
  const base = {
    kind: "ledger",
    key: KEY,
    shard: shardOf("ledger", KEY),
    dueAt: stage.clock.now(),
    generation: 1,
  };
  const { timers, lane } = stage.storage;
  await lane.commit({ noun: "room", id: KEY, epoch: 1 }, [
    timers.set({ ...base, name: "a", verb: "nonsense", input: {} }),
    timers.set({ ...base, name: "b", verb: "ring", input: { text: 5 } }),
    timers.set({ ...base, name: "c", verb: "ring", kind: "unknown", input: {} }),
  ]);
  await stage.clock.advance(3_000);
  assert.deepEqual(await waiting(stage), []);
  assert.deepEqual([node.drops.of("timer", "unknown_method"), node.drops.of("timer", "invalid_params")], [
    2,
    1,
  ]);
});

Deno.test("[T1] many timers due at once all ring, in pages", async () => {
  await using stage = await RuntimeStage.open();
  const node = await start(stage);
  const ref = node.ref(ledgerActor, KEY);
  const dueAt = stage.clock.now() + 1_000;
  for (let n = 0; n < 600; n++) await ref.arm({ name: `t${n}`, dueAt, text: `${n}` });
  await stage.clock.advance(5_000);
  const lines = await linesOf(stage.storage.rooms, KEY);
  assert.deepEqual(lines.map(Number).sort((a, b) => a - b), Array.from({ length: 600 }, (_, n) => n));
});
