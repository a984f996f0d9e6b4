import assert from "node:assert/strict";
import type { ActorNode } from "actors/runtime/node.ts";
import { shardOf, wish } from "actors/runtime/shard.ts";
import { ledgerActor, ledgerFactory, linesOf } from "tests/support/ledger_actor.ts";
import { outcome, RuntimeStage } from "tests/support/runtime_stage.ts";

async function start(stage: RuntimeStage, id: string): Promise<ActorNode> {
  const node = stage.make(id);
  node.host(ledgerActor, ledgerFactory(stage.storage.rooms));
  await node.start();
  return node;
}

/** A key whose shard `id` should own among `nodes`. */
function keyFor(id: string, nodes: readonly string[]): string {
  for (let n = 0;; n++) {
    const key = `01JD3Y4B6V8Q2Z5K7M9N0P${String(1_000 + n)}`;
    if (wish(shardOf("ledger", key), nodes) === id) return key;
  }
}

/** Somebody who listens to everything: nobody is ever told again that a subject has no listener. */
async function observe(stage: RuntimeStage) {
  const bus = stage.broker.connect();
  await bus.subscribe("barrage.v1.>", () => {}).ready;
  return bus;
}

Deno.test("[K7] commands to a node that died are carried out by the next owner, once, with an observer on the bus", async () => {
  await using stage = await RuntimeStage.open();
  await using _observer = await observe(stage);
  const [a, b] = [await start(stage, "a"), await start(stage, "b")];
  const key = keyFor("b", ["a", "b"]);
  await stage.clock.advance(20_000);
  assert.ok(b.ownership.epochOf(shardOf("ledger", key)));
  await a.ref(ledgerActor, key).add({ text: "before" });
  stage.kill(b);
  await stage.clock.advance(8_000);
  const late = a.ref(ledgerActor, key).add({ text: "during" });
  await stage.clock.advance(4_500);
  assert.deepEqual(await outcome(late), { offset: 2 });
  assert.deepEqual(await linesOf(stage.storage.rooms, key), ["before", "during"]);
});

Deno.test("[K7] an owner that died while shards were asked of it leaves none deaf, with an observer on the bus", async () => {
  await using stage = await RuntimeStage.open();
  await using _observer = await observe(stage);
  const [a, b] = [await start(stage, "a"), await start(stage, "b")];
  // The last of these renewals finds c settled, and c begins to ask; a dies in the middle of it.
  const c = await start(stage, "c");
  const key = keyFor("c", ["a", "b", "c"]);
  await stage.clock.advance(4_900);
  stage.kill(a);
  await stage.clock.advance(60_000);
  const shards = b.ownership.shards.length + c.ownership.shards.length;
  assert.equal(shards, 256);
  const [from, to] = b.ownership.epochOf(shardOf("ledger", key)) === undefined ? [b, c] : [c, b];
  assert.ok(to.ownership.epochOf(shardOf("ledger", key)));
  const answer = from.ref(ledgerActor, key).add({ text: "hello" });
  await stage.clock.advance(5_100);
  assert.deepEqual(await outcome(answer), { offset: 1 });
  for (const n of Array.from({ length: 64 }, (_, n) => n)) {
    const other = `01JD3Y4B6V8Q2Z5K7M9N0P${String(2_000 + n)}`;
    const owner = [b, c].find((node) => node.ownership.epochOf(shardOf("ledger", other)) !== undefined);
    const caller = owner === b ? c : b;
    const said = caller.ref(ledgerActor, other).add({ text: "hello" });
    await stage.clock.advance(5_100);
    assert.deepEqual(await outcome(said), { offset: 1 }, `shard ${shardOf("ledger", other)}`);
  }
});
