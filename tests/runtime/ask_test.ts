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

/** Somebody on the bus who is no node. */
function stranger(stage: RuntimeStage) {
  const bus = stage.broker.connect();
  return {
    async ask(subject: string, body: string): Promise<unknown> {
      const asked = bus.request(subject, new TextEncoder().encode(body), {
        signal: AbortSignal.timeout(10_000),
      });
      const answer = asked.then(({ data }) => JSON.parse(new TextDecoder().decode(data)));
      await outcome(answer, stage.clock.advance(1_000));
      return await answer;
    },
    [Symbol.asyncDispose]: () => bus[Symbol.asyncDispose](),
  };
}

Deno.test("[K4] a command on an ask subject reaches its actor on whichever node it lives, once", async () => {
  await using stage = await RuntimeStage.open();
  const nodes = [await start(stage, "a"), await start(stage, "b"), await start(stage, "c")];
  await stage.clock.advance(20_000);
  await using bus = stranger(stage);
  for (let n = 1; n <= 10; n++) {
    const answer = await bus.ask(`barrage.v1.ask.ledger.${KEY}.add`, `{"text": "line ${n}"}`);
    assert.deepEqual(answer, { offset: n });
  }
  assert.equal((await linesOf(stage.storage.rooms, KEY)).length, 10);
  const owners = nodes.filter((node) => node.ownership.epochOf(shardOf("ledger", KEY)) !== undefined);
  assert.equal(owners.length, 1);
});

Deno.test("[K5] an ask that makes no sense is answered with the reason, and counted", async () => {
  await using stage = await RuntimeStage.open();
  const node = await start(stage, "a");
  await using bus = stranger(stage);
  const cases: [subject: string, body: string, reason: string, message?: string][] = [
    [`barrage.v1.ask.nothing.${KEY}.add`, "", "unknown_method"],
    [`barrage.v1.ask.ledger.${KEY}.nothing`, "", "unknown_method"],
    [`barrage.v1.ask.ledger.${KEY}.add`, "{text", "parse"],
    [`barrage.v1.ask.ledger.${KEY}.add`, '{"text": 1}', "invalid_params"],
    [`barrage.v1.ask.ledger.${KEY}.add`, "", "invalid_params", "Cannot use body.text: it is missing"],
  ];
  for (const [subject, body, reason, message] of cases) {
    const { error } = await bus.ask(subject, body) as {
      error: { message: string; data: { reason: string } };
    };
    assert.equal(error.data.reason, reason, `${subject} ${body}`);
    if (message !== undefined) assert.equal(error.message, message);
  }
  const counted = [...node.drops.entries()].filter(([place]) => place === "ask");
  assert.equal(counted.reduce((sum, [, , count]) => sum + count, 0), cases.length);
});
