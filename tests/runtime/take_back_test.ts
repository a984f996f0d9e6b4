import assert from "node:assert/strict";
import type { ActorNode } from "actors/runtime/node.ts";
import { shardOf } from "actors/runtime/shard.ts";
import { ledgerActor, ledgerFactory, linesOf } from "tests/support/ledger_actor.ts";
import { outcome, RuntimeStage } from "tests/support/runtime_stage.ts";

const KEY = "01JD3Y4B6V8Q2Z5K7M9N0P1R2S";

async function start(stage: RuntimeStage, id: string): Promise<ActorNode> {
  const node = stage.make(id);
  node.host(ledgerActor, ledgerFactory(stage.storage.rooms));
  await node.start();
  return node;
}

Deno.test("[F4] commands that waited for an owner elsewhere run before later ones when their own node takes over", async () => {
  await using stage = await RuntimeStage.open();
  const [a, b] = [await start(stage, "a"), await start(stage, "b")];
  const ledger = b.ref(ledgerActor, KEY);
  await ledger.add({ text: "0" });
  stage.kill(a);
  const answers: Promise<unknown>[] = [];
  for (let n = 1; n <= 400; n++) {
    answers.push(ledger.add({ text: `${n}` }, { timeoutMs: 60_000 }));
    await stage.clock.advance(50);
  }
  assert.ok(b.ownership.epochOf(shardOf("ledger", KEY)) !== undefined);
  await stage.clock.advance(5_000);
  const states = await Promise.all(answers.map((answer) => outcome(answer)));
  assert.deepEqual(states.filter((state) => typeof state === "string"), []);
  const lines = await linesOf(stage.storage.rooms, KEY);
  assert.deepEqual(lines, Array.from({ length: 401 }, (_, n) => `${n}`));
});
