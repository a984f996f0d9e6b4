import assert from "node:assert/strict";
import { setImmediate } from "node:timers";
import type { ActorNode } from "actors/runtime/node.ts";
import { shardOf, wish } from "actors/runtime/shard.ts";
import { SHARDS } from "storage/storage.ts";
import { ledgerActor, ledgerFactory, linesOf } from "tests/support/ledger_actor.ts";
import { outcome, RuntimeStage } from "tests/support/runtime_stage.ts";

async function start(stage: RuntimeStage, id: string): Promise<ActorNode> {
  const node = stage.make(id);
  node.host(ledgerActor, ledgerFactory(stage.storage.rooms));
  await node.start();
  return node;
}

/** A key whose shard `id` should own among `nodes`. */
function keyFor(id: string, nodes: readonly string[], from = 0): string {
  for (let n = from;; n++) {
    const key = `01JD3Y4B6V8Q2Z5K7M9N0P${String(1_000 + n)}`;
    if (wish(shardOf("ledger", key), nodes) === id) return key;
  }
}

Deno.test("[O9] a node that joins gets its share, shard by shard, with a higher epoch", async () => {
  await using stage = await RuntimeStage.open();
  const [a, b] = [await start(stage, "a"), await start(stage, "b")];
  await stage.clock.advance(4_000);
  assert.deepEqual([a.ownership.shards.length, b.ownership.shards.length], [SHARDS, 0]);
  await stage.clock.advance(10_000);
  const share = b.ownership.shards;
  assert.ok(share.length > 90 && share.length < 166, `${share.length} shards moved`);
  assert.equal(a.ownership.shards.length + share.length, SHARDS);
  assert.ok(share.every((n) => b.ownership.epochOf(n) === 2 && a.ownership.epochOf(n) === undefined));
});

Deno.test("[O10] commands sent while their shard moves all run, once and in order, and none is refused", async () => {
  await using stage = await RuntimeStage.open();
  const a = await start(stage, "a");
  const key = keyFor("b", ["a", "b"]);
  const [fromA, fromB] = ["01JD3Y4B6V8Q2Z5K7M9N0P1R2A", "01JD3Y4B6V8Q2Z5K7M9N0P1R2B"].map((id) => ({
    kind: "user" as const,
    user: { id, name: id },
    standing: "member" as const,
    session: id,
  }));
  const b = await start(stage, "b");
  const answers: Promise<unknown>[] = [];
  for (let n = 0; n < 300; n++) {
    answers.push(a.ref(ledgerActor, key, fromA!).add({ text: `a ${n}` }));
    answers.push(b.ref(ledgerActor, key, fromB!).add({ text: `b ${n}` }));
    await stage.clock.advance(50);
  }
  assert.equal(b.ownership.epochOf(shardOf("ledger", key)), 2);
  const states = await Promise.all(answers.map((answer) => outcome(answer)));
  assert.deepEqual(states.filter((state) => typeof state === "string"), []);
  const lines = await linesOf(stage.storage.rooms, key);
  for (const name of ["a", "b"]) {
    const mine = lines.filter((line) => line.startsWith(`${name} `));
    assert.deepEqual(mine, Array.from({ length: 300 }, (_, n) => `${name} ${n}`));
  }
});

Deno.test("[O13] a command on its way to the old owner is told that its shard has moved, not left without an answer", async () => {
  await using stage = await RuntimeStage.open();
  await start(stage, "a");
  const keys = Array.from({ length: 40 }, (_, n) => keyFor("b", ["a", "b"], n * 100));
  const b = await start(stage, "b");
  const shards = keys.map((key) => shardOf("ledger", key));
  const answers: Promise<unknown>[] = [];
  const ask = () => {
    if (shards.every((shard) => b.ownership.epochOf(shard) !== undefined)) return;
    for (const key of keys) answers.push(b.ref(ledgerActor, key).add({ text: "on its way" }));
    setImmediate(ask);
  };
  await stage.clock.advance(4_900);
  ask();
  await stage.clock.advance(5_000);
  const states = await Promise.all(answers.map((answer) => outcome(answer)));
  assert.deepEqual(states.filter((state) => typeof state === "string"), []);
  assert.ok(b.remote!.retries.moved > 0, "nobody was told that a shard has moved");
});

Deno.test("[O11] a node that drains hands every shard over before it stops", async () => {
  await using stage = await RuntimeStage.open();
  const [a, b] = [await start(stage, "a"), await start(stage, "b")];
  const key = keyFor("b", ["a", "b"]);
  await stage.clock.advance(20_000);
  await a.ref(ledgerActor, key).add({ text: "on b" });
  const handed = b.handEverythingOver(10_000);
  await stage.clock.advance(6_000);
  await handed;
  assert.deepEqual([a.ownership.shards.length, b.ownership.shards.length], [SHARDS, 0]);
  assert.deepEqual(await b.ref(ledgerActor, key).add({ text: "through b" }), { offset: 2 });
  await b.stop(0);
  assert.deepEqual(await a.ref(ledgerActor, key).add({ text: "on a" }), { offset: 3 });
});

Deno.test("[O11] the last node does not wait for somebody to take its shards", async () => {
  await using stage = await RuntimeStage.open();
  const a = await start(stage, "a");
  await a.handEverythingOver(10_000);
  assert.equal(stage.clock.monotonic(), 0);
});
